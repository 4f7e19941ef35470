using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Console.Groups;

/// <summary>One group in the list.</summary>
internal sealed record GroupRow(string Name, string Description, int Pcs, IReadOnlyList<(string Name, WorkspaceKind Kind)> Workspaces);

/// <summary>One group with what it gives and to whom.</summary>
internal sealed record GroupView
{
    public required string Name { get; init; }

    public required string Description { get; init; }

    public required int Pcs { get; init; }

    public required IReadOnlyList<AssignmentView> Assignments { get; init; }

    /// <summary>The first members by name; the whole list is on the page of PCs.</summary>
    public required IReadOnlyList<(string Id, string Name, string Whose)> Members { get; init; }

    public required IReadOnlyList<string> Images { get; init; }

    /// <summary>The image its PCs take their appliance from, and its newest released generation; null: they keep what they have.</summary>
    public (string Image, int? Generation)? Appliance { get; init; }
}

/// <summary>A workspace that a group gives.</summary>
public sealed record AssignmentView
{
    public required int Id { get; init; }

    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    public required string Image { get; init; }

    public required AssignmentTrack Track { get; init; }

    /// <summary>The generation that stands for today; null when none is released.</summary>
    public int? Generation { get; init; }

    /// <summary>The generation it was rolled back to; null follows the newest.</summary>
    public int? HeldAt { get; init; }

    /// <summary>Generations it may be rolled back to, newest first: offered on its track and older than <see cref="Generation"/>.</summary>
    public IReadOnlyList<int> Older { get; init; } = [];

    public int KeepGenerations { get; init; }

    public int AnswerWithinSeconds { get; init; }

    public int? UpdateWithinHours { get; init; }

    public required int MemoryMiB { get; init; }

    public required int Cpus { get; init; }

    public required long UserVolumeBytes { get; init; }
}
