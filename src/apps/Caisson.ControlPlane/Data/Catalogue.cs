using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Data;

/// <summary>What IT edits; its name is also its repository in the registry.</summary>
internal sealed class MasterImage
{
    public int Id { get; init; }

    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public List<Generation> Generations { get; } = [];
}

/// <summary>One immutable, numbered result of publishing. Only its state and its delta ever change.</summary>
internal sealed class Generation
{
    public int Id { get; init; }

    public required int ImageId { get; init; }

    public MasterImage? Image { get; init; }

    /// <summary>From 1, growing, per image; what was imported under a higher number keeps it.</summary>
    public required int Number { get; init; }

    public required GenerationState State { get; set; }

    public required string ManifestDigest { get; init; }

    public required long ImageBytes { get; init; }

    public required long StoredBytes { get; init; }

    public required DateTimeOffset PublishedAt { get; init; }

    public DateTimeOffset? ReleasedAt { get; set; }

    /// <summary>Generation the delta starts from; null for the first one.</summary>
    public int? DeltaFrom { get; set; }

    public DeltaState? DeltaState { get; set; }

    public long DeltaBytes { get; set; }

    public string? DeltaProblem { get; set; }
}

/// <summary>A blob or manifest that belongs to a repository. The blobs of all repositories lie together on disk; this row is what lets an endpoint read one.</summary>
internal sealed class RepositoryBlob
{
    public required string Repository { get; init; }

    public required string Digest { get; init; }
}
