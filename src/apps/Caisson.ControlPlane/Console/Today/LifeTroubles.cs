using Caisson.ControlPlane.Console.Frame;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Today;

/// <summary>Generations that did not live on some PCs. The same on many PCs is one line, with what was seen of it and the way out beside it.</summary>
internal static class LifeTroubles
{
    /// <summary>Filters of the list of PCs, by how a generation stands.</summary>
    public static GenerationHealth? Shown(string? show) => show switch
    {
        "rolled-back" => GenerationHealth.RolledBack,
        "stuck" => GenerationHealth.Stuck,
        "degraded" => GenerationHealth.Degraded,
        "pc-fault" => GenerationHealth.PcFault,
        _ => null,
    };

    public static IQueryable<ReportedWorkspace> Workspaces(ServerDb db) => db.Workspaces.Where(w =>
        w.Health == GenerationHealth.PcFault || w.Health == GenerationHealth.Stuck || w.Health == GenerationHealth.RolledBack || w.Health == GenerationHealth.Degraded);

    public static async Task<IReadOnlyList<Need>> ReadAsync(ServerDb db, IReadOnlyList<Given> givens, int most, CancellationToken cancellationToken)
    {
        var groups = await Workspaces(db)
            .GroupBy(w => new { w.Health, w.WorkspaceId, w.RefusedGeneration, w.CommittedGeneration, w.Failure })
            .Select(g => new { g.Key, Pcs = g.Count(), First = g.Min(w => w.EndpointId)! })
            .OrderByDescending(g => g.Pcs)
            .Take(most)
            .ToListAsync(cancellationToken);
        var ids = groups.Select(g => g.First).ToArray();
        var hosts = await db.Endpoints.Where(e => ids.Contains(e.Id)).ToDictionaryAsync(e => e.Id, e => e.HostName, cancellationToken);
        var evidence = (await db.Evidence.AsNoTracking().Where(e => ids.Contains(e.EndpointId)).ToListAsync(cancellationToken)).ToLookup(e => (e.EndpointId, e.WorkspaceId));
        var memberships = (await db.GroupMembers.AsNoTracking().Where(m => ids.Contains(m.EndpointId)).ToListAsync(cancellationToken)).ToLookup(m => m.EndpointId, m => m.GroupId);
        var groupNames = await db.Groups.ToDictionaryAsync(g => g.Id, g => g.Name, cancellationToken);
        return [.. groups.OrderByDescending(g => g.Key.Health).Select(g =>
        {
            var given = givens.FirstOrDefault(x => x.WorkspaceId == g.Key.WorkspaceId && x.GroupIds.Any(memberships[g.First].Contains));
            var who = g.Pcs == 1 ? hosts.GetValueOrDefault(g.First, g.First) : Words.Count(g.Pcs, "PC");
            var group = given?.GroupIds.FirstOrDefault(memberships[g.First].Contains) is { } id && groupNames.TryGetValue(id, out var found) ? found : null;
            return Tell(new Group(g.Key.Health!.Value, given?.Name ?? g.Key.WorkspaceId, g.Key.RefusedGeneration, g.Key.CommittedGeneration, g.Key.Failure, g.Pcs, who)) with
            {
                Href = g.Pcs == 1 ? $"/pcs/{g.First}" : $"/pcs?show={Show(g.Key.Health.Value)}",
                Verb = g.Pcs == 1 ? "See this PC" : "See them",
                Seen = evidence[(g.First, g.Key.WorkspaceId)].MaxBy(e => e.At) is { } newest ? Sight(newest) : null,
                Also = g.Key.Health != GenerationHealth.PcFault && group is not null ? ($"/groups/{group}", "Roll back the group") : null,
            };
        })];
    }

    /// <summary>The address of everything seen of one start.</summary>
    public static string EvidencePage(string endpoint, string workspace, string id) => $"/pcs/{endpoint}/workspaces/{workspace}/starts/{id}";

    private sealed record Group(GenerationHealth Health, string Name, int? Refused, int? Committed, StartFailure? Failure, int Pcs, string Who);

    private static Need Tell(Group g) => g.Health switch
    {
        GenerationHealth.RolledBack => new Need("bad", $"{g.Who} went back to {g.Name} generation {g.Committed}: {LifeReports.Why(g.Failure)}",
            $"Generation {g.Refused} failed {(g.Pcs == 1 ? "there" : "on each")} twice and is not tried again. Publish a mended one, or roll the group back; on one PC you can try it again.", "", ""),
        GenerationHealth.Stuck => new Need("bad", $"{g.Who} {(g.Pcs == 1 ? "has" : "have")} no {g.Name}: {LifeReports.Why(g.Failure)}",
            $"Generation {g.Refused} failed twice, and none has answered there before. Publish another, or try it again on the PC.", "", ""),
        GenerationHealth.Degraded => new Need("warn", $"{g.Who} {(g.Pcs == 1 ? "runs" : "run")} {g.Name} with silent guest tools",
            "The screen is alive, so nothing was gone back from. Look at it, and whether the guest tools start in this generation.", "", ""),
        _ => new Need("bad", $"{g.Who} {(g.Pcs == 1 ? "is" : "are")} at fault, not {g.Name} generation {g.Committed}: {LifeReports.Why(g.Failure)}",
            "It answered there before. Nothing is started by itself any more: see what changed on the PC (disk, memory, firmware), then start it.", "", ""),
    };

    private static string Show(GenerationHealth health) => health switch
    {
        GenerationHealth.RolledBack => "rolled-back",
        GenerationHealth.Stuck => "stuck",
        GenerationHealth.Degraded => "degraded",
        _ => "pc-fault",
    };

    private static Sight Sight(Evidence of) => new(
        of.HasScreen ? $"/api/endpoints/{of.EndpointId}/workspaces/{of.WorkspaceId}/evidence/{of.Id}/screen" : null,
        EvidencePage(of.EndpointId, of.WorkspaceId, of.Id),
        $"See the screen and the serial log of {of.WorkspaceId} generation {of.Generation} on {of.EndpointId}");
}
