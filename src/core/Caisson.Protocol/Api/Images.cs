namespace Caisson.Protocol.Api;

/// <summary>draft → test → released → retired; also draft → released, and test → draft never.</summary>
public enum GenerationState
{
    Draft,

    /// <summary>Given to assignments on the test track only.</summary>
    Test,

    Released,

    /// <summary>Given to nobody any more; PCs that have it fall to the newest released one.</summary>
    Retired,

    /// <summary>Gone for good: its bytes are no longer kept, its number is never given again. In no list.</summary>
    Removed,
}

/// <summary>GET /api/images: one master image.</summary>
public sealed record ImageInfo
{
    public required string Name { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required int Generations { get; init; }

    public int? LatestGeneration { get; init; }

    public int? ReleasedGeneration { get; init; }
}

/// <summary>POST /api/images.</summary>
public sealed record CreateImageRequest(string Name);

/// <summary>GET /api/images/{name}/generations.</summary>
public sealed record GenerationInfo
{
    public required string Image { get; init; }

    public required int Number { get; init; }

    public required GenerationState State { get; init; }

    public required string ManifestDigest { get; init; }

    /// <summary>Size of the disk image.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>Bytes of the blobs that make it up, compressed and deduplicated.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Bytes of it left of deleted files in free space; null where that is not known.</summary>
    public long? StaleBytes { get; init; }

    public required DateTimeOffset PublishedAt { get; init; }

    public DateTimeOffset? ReleasedAt { get; init; }

    /// <summary>The update from the generation before; null for the first.</summary>
    public DeltaInfo? Delta { get; init; }
}

public enum DeltaState
{
    Pending,
    Ready,

    /// <summary>It could not be made; endpoints take packs instead.</summary>
    Failed,
}

public sealed record DeltaInfo
{
    public required int FromGeneration { get; init; }

    public required DeltaState State { get; init; }

    /// <summary>Bytes of the delta blob; 0 until it is ready.</summary>
    public required long Bytes { get; init; }

    /// <summary>One sentence when <see cref="State"/> is failed.</summary>
    public string? Problem { get; init; }
}

/// <summary>POST /api/images/{name}/generations, after the blobs and the manifest were pushed to /v2/{name}. The image is made if it is new.</summary>
public sealed record PublishGenerationRequest(string ManifestDigest);

/// <summary>PUT /api/images/{name}/generations/{number}/state.</summary>
public sealed record SetGenerationStateRequest(GenerationState State);

/// <summary>GET and PUT /api/sources: where PCs take images from before they ask the server, the first first. PUT replaces the whole list.</summary>
public sealed record ImageSourceList(IReadOnlyList<ImageSource> Items);
