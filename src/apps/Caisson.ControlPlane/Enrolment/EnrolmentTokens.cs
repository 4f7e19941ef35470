using Caisson.ControlPlane.Certificates;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.SignIn;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Enrolment;

/// <summary>The tokens an administrator hands to new PCs.</summary>
internal sealed class EnrolmentTokens(IDbContextFactory<ServerDb> database, ServerAddress address, Authority authority, TimeProvider time)
{
    private const int MaxValidMinutes = 30 * 24 * 60;

    public async Task<EnrolmentTokenCreated> CreateAsync(string actor, CreateEnrolmentTokenRequest request, CancellationToken cancellationToken)
    {
        if (request.ValidMinutes is < 1 or > MaxValidMinutes)
        {
            throw RequestRefused.BadInput("An enrolment token is valid for 1 minute to 30 days.");
        }

        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var group = request.Group is null ? null : await db.Groups.FirstOrDefaultAsync(g => g.Name == request.Group, cancellationToken)
            ?? throw RequestRefused.NotFound($"There is no group '{request.Group}'. Make it first.");
        var secret = Secrets.New();
        var now = time.GetUtcNow();
        var row = new EnrolmentSecret { SecretHash = Secrets.Hash(secret), GroupId = group?.Id, CreatedAt = now, ExpiresAt = now.AddMinutes(request.ValidMinutes) };
        db.EnrolmentSecrets.Add(row);
        db.Record(time, actor, ActivityKinds.EnrolmentTokenCreated, group is null ? "An enrolment token was made." : $"An enrolment token for group '{group.Name}' was made.");
        await db.SaveChangesAsync(cancellationToken);
        var token = new EnrolmentToken { Url = address.Endpoints, CaSha256 = authority.Sha256, Secret = secret };
        return new EnrolmentTokenCreated { Id = row.Id, Token = token.ToString(), ExpiresAt = row.ExpiresAt };
    }

    /// <summary>Takes an unused token back.</summary>
    public async Task DeleteAsync(string actor, int id, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var row = await db.EnrolmentSecrets.FindAsync([id], cancellationToken) ?? throw RequestRefused.NotFound($"There is no enrolment token {id}.");
        db.EnrolmentSecrets.Remove(row);
        db.Record(time, actor, ActivityKinds.EnrolmentTokenDeleted, $"Enrolment token {id} was deleted.");
        await db.SaveChangesAsync(cancellationToken);
    }
}
