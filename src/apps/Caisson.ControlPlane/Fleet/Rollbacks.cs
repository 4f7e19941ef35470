using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>Going back by order: an assignment is held at an older generation until somebody lets it follow the newest again.</summary>
internal sealed class Rollbacks(IDbContextFactory<ServerDb> database, DesiredStateChanges changes, TimeProvider time)
{
    private const int NamesShown = 5;

    /// <summary>What holding it there would hit. Nothing is changed.</summary>
    public async Task<RollbackPreview> PreviewAsync(int id, int to, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var assignment = await FindAsync(db, id, cancellationToken);
        RefuseUnlessOffered(assignment, await GenerationsAsync(db, assignment, cancellationToken), to);
        var pcs = db.Endpoints.Where(e => e.RevokedAt == null && db.GroupMembers.Any(m => m.GroupId == assignment.GroupId && m.EndpointId == e.Id));
        var reported = db.Workspaces.Where(w => w.WorkspaceId == assignment.WorkspaceId && pcs.Any(e => e.Id == w.EndpointId));
        var kept = $" {to} ";
        return new RollbackPreview
        {
            Assignment = id,
            To = to,
            Pcs = await pcs.CountAsync(cancellationToken),
            Running = await reported.CountAsync(w => w.RunningGeneration != to && w.State != WorkspaceState.Stopped && w.State != WorkspaceState.Failed && w.State != WorkspaceState.Suspended, cancellationToken),
            HaveIt = await reported.CountAsync(w => w.RunningGeneration == to || w.CommittedGeneration == to || (" " + w.KeptGenerations + " ").Contains(kept), cancellationToken),
            Names = await pcs.OrderBy(e => e.HostName).Take(NamesShown).Select(e => e.HostName).ToListAsync(cancellationToken),
        };
    }

    /// <param name="generation">Null follows the newest on its track again: the undo.</param>
    public async Task HoldAsync(string actor, int id, int? generation, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var assignment = await FindAsync(db, id, cancellationToken);
        var generations = await GenerationsAsync(db, assignment, cancellationToken);
        if (generation is { } to)
        {
            RefuseUnlessOffered(assignment, generations, to);
        }

        assignment.HeldAt = generation;
        var subject = $"'{assignment.Name}' in group '{assignment.Group!.Name}'";
        db.Record(time, actor, ActivityKinds.AssignmentRolledBack, generation is null
            ? $"{subject} follows the newest generation again{(DesiredStateComposition.Current(assignment, generations) is { } newest ? $", {newest.Number} now" : "")}."
            : $"{subject} was rolled back to generation {generation} and stays there.");
        await db.SaveChangesAsync(cancellationToken);
        changes.AnnounceAll();
    }

    private static void RefuseUnlessOffered(Assignment assignment, IReadOnlyList<Generation> generations, int to)
    {
        if (assignment.Kind == WorkspaceKind.Personal)
        {
            throw RequestRefused.WrongState($"'{assignment.Name}' is personal: its disk was made from one generation and stays on it.");
        }

        var offered = DesiredStateComposition.Offered(assignment, generations).Select(g => g.Number).Order().ToList();
        if (!offered.Contains(to))
        {
            throw RequestRefused.WrongState($"Generation {to} of '{assignment.ImageName}' is not released. {(offered.Count == 0 ? "None is." : $"These are: {string.Join(", ", offered)}.")}");
        }
    }

    private static Task<List<Generation>> GenerationsAsync(ServerDb db, Assignment assignment, CancellationToken cancellationToken) =>
        db.Generations.AsNoTracking().Include(g => g.Image).Where(g => g.Image!.Name == assignment.ImageName).ToListAsync(cancellationToken);

    private static async Task<Assignment> FindAsync(ServerDb db, int id, CancellationToken cancellationToken) =>
        await db.Assignments.Include(a => a.Group).FirstOrDefaultAsync(a => a.Id == id, cancellationToken) ?? throw RequestRefused.NotFound($"There is no assignment {id}.");
}
