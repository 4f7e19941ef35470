namespace Caisson.Protocol.Api;

/// <summary>GET /api/groups.</summary>
public sealed record GroupInfo
{
    /// <summary>1 to 40 of [a-z0-9-].</summary>
    public required string Name { get; init; }

    public required string Description { get; init; }

    public required int Endpoints { get; init; }

    public required int Assignments { get; init; }

    /// <summary>The image that is the appliance of its PCs; null leaves their systems as they are.</summary>
    public string? Appliance { get; init; }
}

/// <summary>PUT /api/groups/{name}/appliance: its PCs take the newest released generation of that image as their system; null: they stay as they are.</summary>
public sealed record SetGroupApplianceRequest(string? Image = null);

/// <summary>POST /api/groups.</summary>
public sealed record CreateGroupRequest(string Name, string? Description = null);

public enum AssignmentTrack
{
    /// <summary>The newest released generation.</summary>
    Released,

    /// <summary>The newest generation that is in test or released.</summary>
    Test,
}

/// <summary>GET /api/assignments: a workspace that every endpoint of a group has.</summary>
public sealed record AssignmentInfo
{
    public required int Id { get; init; }

    public required string Group { get; init; }

    /// <summary>Workspace id on the endpoint, 1 to 40 of [a-z0-9-].</summary>
    public required string Workspace { get; init; }

    /// <summary>What the user sees, for example Work.</summary>
    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    public required string Image { get; init; }

    public required AssignmentTrack Track { get; init; }

    public required int MemoryMiB { get; init; }

    public required int Cpus { get; init; }

    public required long UserVolumeBytes { get; init; }

    public required bool AutoStart { get; init; }

    /// <summary>The generation it was rolled back to and stays on; null follows the newest on its track.</summary>
    public int? HeldAt { get; init; }

    /// <summary>The generation that stands for now; null while none is released.</summary>
    public int? Generation { get; init; }

    /// <summary>Older generations that each PC keeps on its disk.</summary>
    public required int KeepGenerations { get; init; }

    /// <summary>Seconds of running time in which a started guest must answer.</summary>
    public required int AnswerWithinSeconds { get; init; }

    /// <inheritdoc cref="DesiredWorkspace.UpdateWithinHours"/>
    public int? UpdateWithinHours { get; init; }
}

/// <summary>PATCH /api/assignments/{id}; members left out stay as they are.</summary>
public sealed record ChangeAssignmentRequest
{
    /// <summary>0 to 20.</summary>
    public int? KeepGenerations { get; init; }

    /// <summary>30 to 7200.</summary>
    public int? AnswerWithinSeconds { get; init; }

    /// <summary>1 to 720; 0 takes the deadline away.</summary>
    public int? UpdateWithinHours { get; init; }
}

/// <summary>PUT /api/assignments/{id}/generation: hold it at an older generation, or (null) let it follow the newest again.</summary>
public sealed record HoldAssignmentRequest(int? Generation = null);

/// <summary>GET /api/assignments/{id}/rollback?to=N: what holding it there would hit. Nothing is changed.</summary>
public sealed record RollbackPreview
{
    public required int Assignment { get; init; }

    public required int To { get; init; }

    /// <summary>PCs that have the workspace.</summary>
    public required int Pcs { get; init; }

    /// <summary>Of them, those whose workspace is up on another generation: it goes on until its next start.</summary>
    public required int Running { get; init; }

    /// <summary>Of them, those that have the generation on their disk and need no download.</summary>
    public required int HaveIt { get; init; }

    /// <summary>The first of them by name.</summary>
    public required IReadOnlyList<string> Names { get; init; }
}

/// <summary>POST /api/assignments.</summary>
public sealed record CreateAssignmentRequest
{
    public required string Group { get; init; }

    public required string Workspace { get; init; }

    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    public required string Image { get; init; }

    public AssignmentTrack Track { get; set; } = AssignmentTrack.Released;

    public int MemoryMiB { get; set; } = 2048;

    public int Cpus { get; set; } = 2;

    /// <summary>0 is none.</summary>
    public long UserVolumeBytes { get; init; }

    public bool AutoStart { get; set; } = true;
}
