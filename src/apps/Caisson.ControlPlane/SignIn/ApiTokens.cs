using Caisson.ControlPlane.Data;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.SignIn;

/// <summary>Bearer tokens of programs: <c>caisson_</c> + 256 random bits, so that a leaked one is recognised.</summary>
internal static class ApiTokens
{
    private const string Prefix = "caisson_";

    public static async Task<ApiTokenCreated> CreateAsync(ServerDb db, TimeProvider time, string actor, string name, CancellationToken cancellationToken)
    {
        if (name.Length is 0 or > 80)
        {
            throw RequestRefused.BadInput("A token's name has 1 to 80 characters.");
        }

        var token = Prefix + Secrets.New();
        var row = new ApiToken { Name = name, TokenHash = Secrets.Hash(token), CreatedAt = time.GetUtcNow() };
        db.ApiTokens.Add(row);
        db.Record(time, actor, ActivityKinds.ApiTokenCreated, $"API token '{name}' was made.");
        await db.SaveChangesAsync(cancellationToken);
        return new ApiTokenCreated(row.Id, name, token);
    }

    public static async Task DeleteAsync(ServerDb db, TimeProvider time, string actor, int id, CancellationToken cancellationToken)
    {
        var row = await db.ApiTokens.FindAsync([id], cancellationToken) ?? throw RequestRefused.NotFound($"There is no API token {id}.");
        db.ApiTokens.Remove(row);
        db.Record(time, actor, ActivityKinds.ApiTokenDeleted, $"API token '{row.Name}' was deleted.");
        await db.SaveChangesAsync(cancellationToken);
    }
}
