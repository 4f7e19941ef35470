using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console;

/// <summary>
/// One workspace that groups give, and the generation that stands for today. There are a few of these however many PCs there are, so
/// that "who is behind" becomes a handful of plain conditions instead of a question per PC.
/// </summary>
internal sealed record Given(string WorkspaceId, string Name, WorkspaceKind Kind, string Image, int? Generation, IReadOnlyList<int> GroupIds)
{
    public static async Task<IReadOnlyList<Given>> ReadAsync(ServerDb db, CancellationToken cancellationToken)
    {
        var generations = await db.Generations.AsNoTracking().Include(g => g.Image)
            .Where(g => g.State == GenerationState.Released || g.State == GenerationState.Test)
            .ToListAsync(cancellationToken);
        var assignments = await db.Assignments.AsNoTracking().ToListAsync(cancellationToken);
        return
        [
            .. assignments
                .GroupBy(a => (a.WorkspaceId, a.Name, a.Kind, a.ImageName, a.Track, a.HeldAt))
                .Select(same => new Given(
                    same.Key.WorkspaceId,
                    same.Key.Name,
                    same.Key.Kind,
                    same.Key.ImageName,
                    DesiredStateComposition.Current(same.First(), generations)?.Number,
                    [.. same.Select(a => a.GroupId)])),
        ];
    }

    /// <summary>
    /// PCs that have a workspace from this which runs another generation than it shall. A personal workspace is never behind: later
    /// generations do not touch it.
    /// </summary>
    public static IQueryable<string> Behind(ServerDb db, IReadOnlyList<Given> givens)
    {
        IQueryable<string>? all = null;
        foreach (var given in givens.Where(g => g.Generation is not null && g.Kind != WorkspaceKind.Personal))
        {
            var these = given.Workspaces(db).Where(w => w.RunningGeneration != given.Generation).Select(w => w.EndpointId);
            all = all is null ? these : all.Union(these);
        }

        return all ?? db.Endpoints.Where(e => false).Select(e => e.Id);
    }

    /// <summary>PCs in a group that gives a workspace of which a generation is released.</summary>
    public static IQueryable<string> Receivers(ServerDb db, IReadOnlyList<Given> givens)
    {
        var groups = givens.Where(g => g.Generation is not null && g.Kind != WorkspaceKind.Personal).SelectMany(g => g.GroupIds).Distinct().ToArray();
        return db.GroupMembers.Where(m => groups.Contains(m.GroupId)).Select(m => m.EndpointId).Distinct();
    }

    /// <summary>The reports of this workspace from PCs that are given it.</summary>
    public IQueryable<ReportedWorkspace> Workspaces(ServerDb db) =>
        from w in db.Workspaces
        where w.WorkspaceId == WorkspaceId
        join m in db.GroupMembers on w.EndpointId equals m.EndpointId
        where GroupIds.Contains(m.GroupId)
        select w;
}
