using Caisson.ControlPlane.Console.Frame;
using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Today;

/// <summary>What waits for an administrator, worst first. The same fault on many PCs is one line.</summary>
internal static class Troubles
{
    private const int Lines = 6;

    private static readonly string[] s_worstFirst = ["bad", "warn", "info"];

    /// <summary>A PC away longer than an offline lease lasts cannot start its managed workspaces any more.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromDays(7);

    /// <summary>PCs of which a workspace did not start, went back, reports a problem, or is held on its disk.</summary>
    public static IQueryable<string> Pcs(ServerDb db) => Workspaces(db).Select(w => w.EndpointId).Union(LifeTroubles.Workspaces(db).Select(w => w.EndpointId));

    public static async Task<IReadOnlyList<Need>> ReadAsync(ServerDb db, IReadOnlyList<Given> givens, DateTimeOffset now, CancellationToken cancellationToken)
    {
        List<Need> needs = [.. await LifeTroubles.ReadAsync(db, givens, Lines, cancellationToken), .. await FaultsAsync(db, cancellationToken), .. await DeltasAsync(db, cancellationToken), .. await DraftsAsync(db, cancellationToken)];
        if (await AwayAsync(db, now, cancellationToken) is { } away)
        {
            needs.Add(away);
        }

        return [.. needs.OrderBy(n => Array.IndexOf(s_worstFirst, n.Tone)).Take(Lines)];
    }

    private static IQueryable<ReportedWorkspace> Workspaces(ServerDb db) => db.Workspaces.Where(w =>
        w.Kind != WorkspaceKind.Personal && (w.State == WorkspaceState.Failed || w.State == WorkspaceState.WaitingForDisk || w.Problem != null));

    private static async Task<IEnumerable<Need>> FaultsAsync(ServerDb db, CancellationToken cancellationToken)
    {
        var faults = await Workspaces(db).Where(w => w.Health == null || w.Health == GenerationHealth.Well || w.Health == GenerationHealth.OnTrial)
            .GroupBy(w => new { w.State, w.Problem })
            .Select(g => new { g.Key.State, g.Key.Problem, Pcs = g.Count(), First = g.Min(w => w.EndpointId) })
            .OrderByDescending(g => g.Pcs)
            .Take(Lines)
            .ToListAsync(cancellationToken);
        var ids = faults.Select(f => f.First).ToArray();
        var names = await db.Endpoints.Where(e => ids.Contains(e.Id)).ToDictionaryAsync(e => e.Id, e => e.HostName, cancellationToken);
        return faults.OrderBy(f => f.State == WorkspaceState.Failed ? 0 : 1).Select(f => new Need(
            f.State == WorkspaceState.Failed ? "bad" : "warn",
            (f.Pcs == 1 ? names.GetValueOrDefault(f.First!, f.First!) : Words.Count(f.Pcs, "PC")) + Did(f.State, f.Pcs == 1),
            f.Problem ?? "The PC gave no reason. See its screen and its timeline.",
            f.Pcs == 1 ? $"/pcs/{f.First}" : "/pcs?show=needs",
            f.Pcs == 1 ? "See this PC" : "See them"));
    }

    private static string Did(WorkspaceState state, bool one) => state switch
    {
        WorkspaceState.Failed => " did not start",
        WorkspaceState.WaitingForDisk => one ? " waits for its image" : " wait for their image",
        _ => one ? " reports a problem" : " report a problem",
    };

    private static async Task<IEnumerable<Need>> DeltasAsync(ServerDb db, CancellationToken cancellationToken)
    {
        var failed = await db.Generations.AsNoTracking().Include(g => g.Image)
            .Where(g => g.DeltaState == DeltaState.Failed && g.State != GenerationState.Retired)
            .ToListAsync(cancellationToken);
        return failed.Select(g => new Need(
            "warn",
            $"No delta to {g.Image!.Name} generation {g.Number}",
            g.DeltaProblem ?? "It could not be made. PCs take the whole packs instead, which is more to download.",
            $"/images/{g.Image.Name}",
            "See the image"));
    }

    private static async Task<IEnumerable<Need>> DraftsAsync(ServerDb db, CancellationToken cancellationToken)
    {
        var drafts = await db.Generations.AsNoTracking().Include(g => g.Image)
            .Where(g => g.State == GenerationState.Draft)
            .OrderByDescending(g => g.PublishedAt)
            .Take(Lines)
            .ToListAsync(cancellationToken);
        return drafts.Select(g => new Need(
            "info",
            $"{g.Image!.Name} generation {g.Number} is a draft",
            "No PC gets it until you put it to test or release it.",
            $"/images/{g.Image.Name}",
            "Decide"));
    }

    private static async Task<Need?> AwayAsync(ServerDb db, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var limit = now - Lease;
        var away = await db.Endpoints.CountAsync(e => e.RevokedAt == null && e.LastSeenAt < limit, cancellationToken);
        return away == 0 ? null : new Need(
            "warn",
            $"{Words.Count(away, "PC")} not seen for 7 days",
            "Switched off, lost, or without network. If one is lost, revoke it.",
            "/pcs?show=away",
            away == 1 ? "See it" : "See them");
    }
}
