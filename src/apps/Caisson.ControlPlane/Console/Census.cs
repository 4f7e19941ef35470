using Caisson.ControlPlane.Console.Parts;
using Caisson.ControlPlane.Console.Today;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Live;
using Caisson.Protocol;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console;

/// <summary>What the fleet is, counted in one go.</summary>
/// <param name="Givens">What groups give.</param>
/// <param name="Counts">Workspaces by group, workspace and generation.</param>
/// <param name="Pcs">PCs that are not revoked.</param>
/// <param name="Receivers">PCs that are given a workspace with a generation.</param>
/// <param name="Behind">PCs of which a workspace runs another generation than it is given.</param>
/// <param name="Needing">PCs that need an administrator.</param>
/// <param name="RolledBack">PCs that went back from a generation by themselves.</param>
internal sealed record FleetCount(IReadOnlyList<Given> Givens, IReadOnlyList<RunCount> Counts, int Pcs, int Receivers, int Behind, int Needing, int RolledBack)
{
    /// <summary>How many workspaces of an image run which generation. A personal workspace is not looked into, so it is not counted.</summary>
    public ImageSpread Spread(string image, int? newest)
    {
        var counts = from given in Givens
                     where given.Image == image && given.Kind != WorkspaceKind.Personal
                     from count in Counts
                     where count.WorkspaceId == given.WorkspaceId && given.GroupIds.Contains(count.GroupId)
                     group count.Workspaces by count.Generation into same
                     select ((int?)same.Key, same.Sum());
        return ImageSpread.From(image, newest, counts);
    }
}

internal sealed record RunCount(int GroupId, string WorkspaceId, int? Generation, int Workspaces);

/// <summary>
/// Counts the fleet, and keeps the answer while nothing changes: counting twenty thousand PCs costs some 50 ms, and every page is drawn
/// twice (once whole, once when its connection is there).
/// </summary>
internal sealed class Census(IDbContextFactory<ServerDb> databases, Changes changes, TimeProvider clock) : IDisposable
{
    /// <summary>Some writes announce nothing (when a PC was last seen); this bounds how old an answer gets.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim counting = new(1);
    private (FleetCount Fleet, long Version, long At)? last;

    public async Task<FleetCount> ReadAsync(CancellationToken cancellationToken)
    {
        await counting.WaitAsync(cancellationToken);
        try
        {
            var version = changes.Version(null);
            if (last is { } known && known.Version == version && clock.GetElapsedTime(known.At) < Longest)
            {
                return known.Fleet;
            }

            var fleet = await CountAsync(cancellationToken);
            last = (fleet, version, clock.GetTimestamp());
            return fleet;
        }
        finally
        {
            counting.Release();
        }
    }

    public void Dispose() => counting.Dispose();

    private async Task<FleetCount> CountAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var givens = await Given.ReadAsync(db, cancellationToken);
        var counts = await (from w in db.Workspaces
                            join m in db.GroupMembers on w.EndpointId equals m.EndpointId
                            where w.Kind != WorkspaceKind.Personal
                            group w by new { m.GroupId, w.WorkspaceId, w.RunningGeneration } into same
                            select new RunCount(same.Key.GroupId, same.Key.WorkspaceId, same.Key.RunningGeneration, same.Count())).ToListAsync(cancellationToken);
        return new FleetCount(
            givens,
            counts,
            await db.Endpoints.CountAsync(e => e.RevokedAt == null, cancellationToken),
            await Given.Receivers(db, givens).CountAsync(cancellationToken),
            await Given.Behind(db, givens).CountAsync(cancellationToken),
            await Troubles.Pcs(db).CountAsync(cancellationToken),
            await db.Workspaces.Where(w => w.Health == GenerationHealth.RolledBack).Select(w => w.EndpointId).Distinct().CountAsync(cancellationToken));
    }
}
