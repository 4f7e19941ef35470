using Caisson.ControlPlane.Console.Pcs;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Caisson.Protocol.Api;
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

        var generations = await db.Generations.AsNoTracking().Include(g => g.Image).Where(g => g.State == GenerationState.Released || g.State == GenerationState.Test).ToListAsync(cancellationToken);
        var members = db.Endpoints.Where(e => e.RevokedAt == null && db.GroupMembers.Any(m => m.GroupId == group.Id && m.EndpointId == e.Id));
        var first = await members.OrderBy(e => e.HostName).Take(ShownMembers).Select(e => new { e.Id, e.HostName, e.Person, e.Place }).ToListAsync(cancellationToken);
        return new GroupView
        {
            Name = group.Name,
            Description = group.Description,
            Pcs = await members.CountAsync(cancellationToken),
            Assignments = [.. group.Assignments.OrderBy(a => a.Kind).ThenBy(a => a.Name, StringComparer.Ordinal).Select(a => View(a, generations))],
            Members = first.ConvertAll(e => (e.Id, e.HostName, PcListQuery.Whose(e.Person, e.Place))),
            Appliance = group.ApplianceImage is { } appliance ? (appliance, DesiredStateComposition.Appliance([group], generations)?.Number) : null,
            Images = await db.Images.OrderBy(i => i.Name).Select(i => i.Name).ToListAsync(cancellationToken),
        };
    }

    private static AssignmentView View(Assignment assignment, IReadOnlyList<Generation> generations) => new()
    {
        Id = assignment.Id,
        Name = assignment.Name,
        Kind = assignment.Kind,
        Image = assignment.ImageName,
        Track = assignment.Track,
        Generation = DesiredStateComposition.Current(assignment, generations)?.Number,
        HeldAt = assignment.HeldAt,
        Older = assignment.Kind == WorkspaceKind.Personal || DesiredStateComposition.Current(assignment, generations) is not { } current
            ? []
            : [.. DesiredStateComposition.Offered(assignment, generations).Select(g => g.Number).Where(n => n < current.Number).OrderDescending()],
        KeepGenerations = assignment.KeepGenerations,
        AnswerWithinSeconds = assignment.AnswerWithinSeconds,
        UpdateWithinHours = assignment.UpdateWithinHours,
        MemoryMiB = assignment.MemoryMiB,
        Cpus = assignment.Cpus,
        UserVolumeBytes = assignment.UserVolumeBytes,
    };
}
