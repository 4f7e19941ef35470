namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>What the list of PCs shows: exactly what the address bar says.</summary>
/// <param name="Text">Part of a name, person, place or id.</param>
/// <param name="Show">"needs", "behind", "current", "away", "emulated", "rolled-back", "stuck", "degraded", "pc-fault", or null for all.</param>
/// <param name="Image">Only PCs that are given this image.</param>
/// <param name="Generation">With <paramref name="Image"/>: only those that run this generation; 0 is none yet.</param>
/// <param name="Group">Only members of this group.</param>
/// <param name="Sort">"name", "person", "place" or "seen"; a dash before it is descending.</param>
/// <param name="Page">From 1.</param>
internal sealed record PcFilter(string? Text, string? Show, string? Image, int? Generation, string? Group, string Sort, int Page)
{
    public const int PageSize = 50;

    public bool IsAll => string.IsNullOrWhiteSpace(Text) && Show is null && Image is null && Group is null;
}

/// <summary>One page of PCs.</summary>
internal sealed record PcPageOfList(IReadOnlyList<PcRow> Rows, int Total, int Fleet, int Needing, int Behind, int RolledBack)
{
    public static readonly PcPageOfList Empty = new([], 0, 0, 0, 0, 0);
}

/// <summary>One PC in the list.</summary>
public sealed record PcRow
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Who uses it; empty until somebody says.</summary>
    public required string Person { get; init; }

    /// <summary>Where it stands; empty until somebody says.</summary>
    public required string Place { get; init; }

    public DateTimeOffset? LastSeenAt { get; init; }

    public bool Online { get; init; }

    /// <summary>The first managed workspace: what people ask about.</summary>
    public WorkspaceView? First { get; init; }

    public int MoreWorkspaces { get; init; }
}
