using Caisson.ControlPlane.Console.Pcs;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Enrolment;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Enrol;

/// <summary>Makes enrolment tokens, by the same call as the API's, and sees who used one.</summary>
internal sealed class EnrolActions(IDbContextFactory<ServerDb> databases, EnrolmentTokens tokens)
{
    private const int ValidMinutes = 60;

    public async Task<IReadOnlyList<string>> GroupsAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Groups.OrderBy(g => g.Name).Select(g => g.Name).ToListAsync(cancellationToken);
    }

    /// <summary>The PC that enrolled with this token; null as long as none has.</summary>
    public async Task<(string Id, string Name)?> ArrivedAsync(int token, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var pc = await db.Endpoints
            .Where(e => db.EnrolmentSecrets.Any(s => s.Id == token && s.UsedBy == e.Id))
            .Select(e => new { e.Id, e.HostName })
            .FirstOrDefaultAsync(cancellationToken);
        return pc is null ? null : (pc.Id, pc.HostName);
    }

    public async Task<(EnrolmentTokenCreated? Token, string? Refused)> MakeTokenAsync(string? group, CancellationToken cancellationToken)
    {
        try
        {
            return (await tokens.CreateAsync(PcActions.Actor, new CreateEnrolmentTokenRequest { Group = group, ValidMinutes = ValidMinutes }, cancellationToken), null);
        }
        catch (RequestRefused refused)
        {
            return (null, refused.Message);
        }
    }
}
