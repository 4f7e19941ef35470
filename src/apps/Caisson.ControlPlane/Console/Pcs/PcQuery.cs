using Caisson.ControlPlane.Console.Parts;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>Reads one PC.</summary>
internal sealed class PcQuery(IDbContextFactory<ServerDb> databases, EndpointAttention attention)
{
    private const int TimelineEntries = 30;

    public async Task<PcView?> ReadAsync(string id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var endpoint = await db.Endpoints.AsNoTracking().FirstOrDefaultAsync(e => e.Id == id, cancellationToken);
        if (endpoint is null)
        {
            return null;
        }

        // An open page reads at least every half minute: while it does, the PC's polls are held, so that an order arrives at once.
        attention.Look(id);
        var givens = await Given.ReadAsync(db, cancellationToken);
        return new PcView
        {
            Id = endpoint.Id,
            Name = endpoint.HostName,
            Person = endpoint.Person,
            Place = endpoint.Place,
            EnrolledAt = endpoint.EnrolledAt,
            LastSeenAt = endpoint.LastSeenAt,
            RevokedAt = endpoint.RevokedAt,
            UpToDate = endpoint.AppliedSequence >= endpoint.Sequence,
            FillBytesPerSecond = endpoint.FillBytesPerSecond,
            Host = endpoint.Host,
            Appliance = ApplianceReports.Of(endpoint),
            Groups = await db.GroupMembers.Where(m => m.EndpointId == id).Select(m => m.Group!.Name).OrderBy(n => n).ToListAsync(cancellationToken),
            Workspaces = [.. (await WorkspacesAsync(db, givens, [id], cancellationToken))[id]],
            Starts = [.. (await db.Evidence.AsNoTracking().Where(e => e.EndpointId == id).OrderByDescending(e => e.At).ToListAsync(cancellationToken)).Select(e => new SeenStart(id, e.WorkspaceId, EvidenceDesk.Info(e)))],
            Timeline = await TimelineQuery.OfEndpointAsync(db, id, TimelineEntries, cancellationToken),
        };
    }

    /// <summary>The workspaces of these PCs, managed ones first; those given but never reported are there as "not started yet".</summary>
    public static async Task<ILookup<string, WorkspaceView>> WorkspacesAsync(
        ServerDb db, IReadOnlyList<Given> givens, string[] ids, CancellationToken cancellationToken)
    {
        var memberships = (await db.GroupMembers.AsNoTracking().Where(m => ids.Contains(m.EndpointId)).ToListAsync(cancellationToken))
            .ToLookup(m => m.EndpointId, m => m.GroupId);
        var reported = await db.Workspaces.AsNoTracking().Where(w => ids.Contains(w.EndpointId)).ToListAsync(cancellationToken);
        var views = reported.Select(w => WorkspaceView.From(w, givens.FirstOrDefault(g => g.WorkspaceId == w.WorkspaceId && g.GroupIds.Any(memberships[w.EndpointId].Contains))));
        var known = reported.Select(w => (w.EndpointId, w.WorkspaceId)).ToHashSet();
        var expected =
            from id in ids
            from given in givens
            where given.GroupIds.Any(memberships[id].Contains) && !known.Contains((id, given.WorkspaceId))
            select new WorkspaceView
            {
                Endpoint = id,
                Id = given.WorkspaceId,
                Name = given.Name,
                Kind = given.Kind,
                State = WorkspaceState.Stopped,
                Image = given.Image,
                Given = given.Generation,
            };
        return views.Concat(expected).OrderBy(w => w.Kind switch { WorkspaceKind.Managed => 0, WorkspaceKind.Disposable => 1, _ => 2 })
            .ThenBy(w => w.Name, StringComparer.Ordinal)
            .ToLookup(w => w.Endpoint);
    }
}
