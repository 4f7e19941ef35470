namespace Caisson.Protocol.Api;

/// <summary>GET /api/groups.</summary>
public sealed record GroupInfo
{
    /// <summary>1 to 40 of [a-z0-9-].</summary>
    public required string Name { get; init; }

    public required string Description { get; init; }

    public required int Endpoints { get; init; }

    public required int Assignments { get; init; }
}

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
}

/// <summary>POST /api/assignments.</summary>
public sealed record CreateAssignmentRequest
{
    public required string Group { get; init; }

    public required string Workspace { get; init; }

    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    public required string Image { get; init; }

    public AssignmentTrack Track { get; init; } = AssignmentTrack.Released;

    public int MemoryMiB { get; init; } = 2048;

    public int Cpus { get; init; } = 2;

    /// <summary>0 is none.</summary>
    public long UserVolumeBytes { get; init; }

    public bool AutoStart { get; init; } = true;
}
