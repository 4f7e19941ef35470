using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Fleet;

/// <summary>
/// What may run on an endpoint, and what is asked of it: a function over values, with no database and no clock of its own. It has one
/// caller, <see cref="DesiredStates"/>; this is the place where TUF will stand.
/// </summary>
internal static class DesiredStateComposition
{
    /// <param name="assignments">Of all groups the endpoint is in. Where two name the same workspace, the older assignment counts.</param>
    /// <param name="generations">Every generation of the assigned images, with <see cref="Generation.Image"/> loaded.</param>
    public static DesiredContent Compose(long? fillBytesPerSecond, IEnumerable<Assignment> assignments, IReadOnlyList<Generation> generations, IEnumerable<IssuedOrder> orders, DateTimeOffset now)
    {
        var workspaces = assignments
            .OrderBy(a => a.Id)
            .DistinctBy(a => a.WorkspaceId, StringComparer.Ordinal)
            .Select(a => Workspace(a, generations))
            .OfType<DesiredWorkspace>()
            .OrderBy(w => w.Id.Value, StringComparer.Ordinal)
            .ToList();
        var kinds = workspaces.ToDictionary(w => w.Id.Value, w => w.Kind, StringComparer.Ordinal);
        var asked = orders
            .Where(o => o.Outcome is null && o.ExpiresAt > now)
            .Where(o => kinds.TryGetValue(o.WorkspaceId, out var kind) && IsAllowed(o.Kind, kind))
            .OrderBy(o => o.CreatedAt).ThenBy(o => o.Id, StringComparer.Ordinal)
            .Select(o => new Order { Id = o.Id, Kind = o.Kind, Workspace = new WorkspaceId(o.WorkspaceId), Stream = o.Stream, ExpiresAt = o.ExpiresAt })
            .ToList();
        return new DesiredContent(fillBytesPerSecond, workspaces, asked);
    }

    /// <summary>A personal workspace is never shown to IT. The endpoint refuses such an order too; it is not even sent.</summary>
    public static bool IsAllowed(OrderKind order, WorkspaceKind workspace) =>
        workspace != WorkspaceKind.Personal || order is OrderKind.Start or OrderKind.Stop or OrderKind.Restart;

    /// <summary>The generation of the appliance for a PC of these groups: the oldest group that names an image counts. Null while none is released.</summary>
    public static GenerationReference? Appliance(IEnumerable<EndpointGroup> groups, IEnumerable<Generation> generations) =>
        groups.OrderBy(g => g.Id).FirstOrDefault(g => g.ApplianceImage is not null)?.ApplianceImage is { } image
        && generations.Where(g => g.State == GenerationState.Released && string.Equals(g.Image?.Name, image, StringComparison.Ordinal)).MaxBy(g => g.Number) is { } newest
            ? new GenerationReference(image, newest.Number, newest.ManifestDigest)
            : null;

    /// <summary>The generation an assignment stands for now; null while none is released.</summary>
    public static Generation? Current(Assignment assignment, IEnumerable<Generation> generations)
    {
        var offered = Offered(assignment, generations).ToList();

        // One held at a generation that was retired since goes to an older one rather than to what it was taken back from.
        return offered.Where(g => g.Number <= (assignment.HeldAt ?? int.MaxValue)).MaxBy(g => g.Number) ?? offered.MaxBy(g => g.Number);
    }

    /// <summary>The generations an assignment may stand for, by its track.</summary>
    public static IEnumerable<Generation> Offered(Assignment assignment, IEnumerable<Generation> generations) => generations
        .Where(g => string.Equals(g.Image?.Name, assignment.ImageName, StringComparison.Ordinal))
        .Where(g => g.State == GenerationState.Released || (g.State == GenerationState.Test && assignment.Track == AssignmentTrack.Test));

    private static DesiredWorkspace? Workspace(Assignment assignment, IEnumerable<Generation> generations) => Current(assignment, generations) is not { } generation ? null : new DesiredWorkspace
    {
        Id = new WorkspaceId(assignment.WorkspaceId),
        Name = assignment.Name,
        Kind = assignment.Kind,
        Generation = new GenerationReference(assignment.ImageName, generation.Number, generation.ManifestDigest),
        MemoryMiB = assignment.MemoryMiB,
        Cpus = assignment.Cpus,
        UserVolumeBytes = assignment.UserVolumeBytes,
        AutoStart = assignment.AutoStart,
        KeepGenerations = assignment.KeepGenerations,
        AnswerWithinSeconds = assignment.AnswerWithinSeconds,
        UpdateWithinHours = assignment.UpdateWithinHours,
    };
}

/// <summary>A desired state without its number and time: equal content needs no new sequence.</summary>
internal sealed record DesiredContent(long? FillBytesPerSecond, IReadOnlyList<DesiredWorkspace> Workspaces, IReadOnlyList<Order> Orders)
{
    public IReadOnlyList<ImageSource> Sources { get; init; } = [];

    public GenerationReference? Appliance { get; init; }
}
