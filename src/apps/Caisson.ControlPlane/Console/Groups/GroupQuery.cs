using Caisson.ControlPlane.Console.Pcs;
using Caisson.ControlPlane.Data;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Groups;

/// <summary>Reads groups, what they give and to whom.</summary>
internal sealed class GroupQuery(IDbContextFactory<ServerDb> databases)
{
    private const int ShownMembers = 12;

    public async Task<IReadOnlyList<GroupRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var groups = await db.Groups.AsNoTracking().Include(g => g.Assignments).OrderBy(g => g.Name).ToListAsync(cancellationToken);
        var members = await db.GroupMembers.GroupBy(m => m.GroupId).Select(g => new { g.Key, Pcs = g.Count() }).ToDictionaryAsync(g => g.Key, g => g.Pcs, cancellationToken);
        return [.. groups.Select(g => new GroupRow(g.Name, g.Description, members.GetValueOrDefault(g.Id), [.. g.Assignments.Select(a => (a.Name, a.Kind))]))];
    }

    public async Task<GroupView?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var group = await db.Groups.AsNoTracking().Include(g => g.Assignments).FirstOrDefaultAsync(g => g.Name == name, cancellationToken);
        if (group is null)
        {
            return null;
        }

        var givens = await Given.ReadAsync(db, cancellationToken);
        var members = db.Endpoints.Where(e => e.RevokedAt == null && db.GroupMembers.Any(m => m.GroupId == group.Id && m.EndpointId == e.Id));
        var first = await members.OrderBy(e => e.HostName).Take(ShownMembers).Select(e => new { e.Id, e.HostName, e.Person, e.Place }).ToListAsync(cancellationToken);
        return new GroupView
        {
            Name = group.Name,
            Description = group.Description,
            Pcs = await members.CountAsync(cancellationToken),
            Assignments = [.. group.Assignments.OrderBy(a => a.Kind).ThenBy(a => a.Name, StringComparer.Ordinal).Select(a => View(a, givens))],
            Members = first.ConvertAll(e => (e.Id, e.HostName, PcListQuery.Whose(e.Person, e.Place))),
            Images = await db.Images.OrderBy(i => i.Name).Select(i => i.Name).ToListAsync(cancellationToken),
        };
    }

    private static AssignmentView View(Assignment assignment, IReadOnlyList<Given> givens) => new()
    {
        Id = assignment.Id,
        Name = assignment.Name,
        Kind = assignment.Kind,
        Image = assignment.ImageName,
        Track = assignment.Track,
        Generation = givens.FirstOrDefault(g => g.WorkspaceId == assignment.WorkspaceId && g.Image == assignment.ImageName && g.GroupIds.Contains(assignment.GroupId))?.Generation,
        MemoryMiB = assignment.MemoryMiB,
        Cpus = assignment.Cpus,
        UserVolumeBytes = assignment.UserVolumeBytes,
    };
}
