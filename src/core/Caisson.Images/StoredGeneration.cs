using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>A generation as it lies in a store.</summary>
public sealed record StoredGeneration
{
    public required string Name { get; init; }

    /// <summary>From 1, counted per name.</summary>
    public required int Number { get; init; }

    public required string ManifestDigest { get; init; }

    /// <summary>Bytes of the whole disk, holes included.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>Bytes of the index and of the frames it needs: what a PC without any image fetches.</summary>
    public required long StoredBytes { get; init; }

    /// <summary>Different chunks of the image.</summary>
    public required int ChunkCount { get; init; }

    /// <summary>Bytes this import added to the store; null when it is read back from a list.</summary>
    public long? AddedBytes { get; init; }

    /// <summary>Bytes of the disk that this import found done by one that was interrupted; 0 when it is read back from a list.</summary>
    public long ResumedBytes { get; init; }

    /// <summary>Bytes of it that lie in free space of its file systems, left of deleted files; null where that is not known.</summary>
    public long? StaleBytes { get; init; }

    /// <summary>What this import found in free space; null when it is read back from a list.</summary>
    public ImportedFreeSpace? FreeSpace { get; init; }

    public override string ToString() => $"{Name}@{Number}";
}

/// <summary>A disk image to take into a store.</summary>
public sealed record ImportRequest
{
    public required string File { get; init; }

    /// <summary>1 to 64 of [a-z0-9._-], beginning with a letter or digit (an OCI repository name).</summary>
    public required string Name { get; init; }

    /// <summary>Null: read from the file's header; a file with no known header is refused, a raw disk must be named as such or have a partition table or file system.</summary>
    public ImageFormat? Format { get; init; }

    /// <summary>Take free space of the disk's file systems as holes, whatever the file holds there. The file itself is not changed.</summary>
    public bool Trim { get; init; }

    /// <summary>zstd level, 1 to 19; 0: stored as it is.</summary>
    public int CompressionLevel { get; init; } = 3;

    /// <summary>Bytes of disk between two states an interrupted import can go on from, at least.</summary>
    internal long CommitBytes { get; init; } = 16L << 20;
}

/// <summary>What lay in free space of an imported disk's file systems.</summary>
/// <param name="IsKnown">At least one file system could be asked.</param>
/// <param name="StaleBytes">Left of deleted files, and imported.</param>
/// <param name="StaleStoredBytes">How much of the stored image that is; of a frame they share with other data, their share.</param>
/// <param name="LeftOutBytes">Left of deleted files, and left out by <see cref="ImportRequest.Trim"/>; null where an interrupted import was gone on with, which did not count.</param>
/// <param name="NotLookedInto">A sentence for each partition whose free space is not known.</param>
public sealed record ImportedFreeSpace(bool IsKnown, long StaleBytes, long StaleStoredBytes, long? LeftOutBytes, IReadOnlyList<string> NotLookedInto)
{
    /// <summary>Less than this many bytes are not worth a word.</summary>
    public const long Notable = 10_000_000;
}

/// <summary>Formats an image may be brought in.</summary>
public enum ImageFormat
{
    Raw,
    Qcow2,
    Vmdk,
    Vhdx,
}

/// <summary>How far an import, export or delta has come. Bytes count the image, holes included.</summary>
public sealed record ImageProgress(string Step, long DoneBytes, long TotalBytes, double BytesPerSecond, TimeSpan? Left);

/// <summary>A delta between two generations, as it lies in the store.</summary>
public sealed record StoredDelta
{
    public required string BaseManifestDigest { get; init; }

    public required string TargetManifestDigest { get; init; }

    /// <summary>Digest of the delta's own manifest, a referrer of the target.</summary>
    public required string ManifestDigest { get; init; }

    public required string BlobDigest { get; init; }

    public required long Bytes { get; init; }

    public required DeltaEffort Effort { get; init; }

    public required int NewChunks { get; init; }
}

/// <summary>How a delta is made.</summary>
public sealed record DeltaOptions
{
    public DeltaEffort Effort { get; init; } = DeltaEffort.Fast;

    /// <summary>Working time, summed over threads, that <see cref="DeltaEffort.Small"/> may take beyond the fast pass; null: what it needs. What it buys least of stays as the fast pass made it.</summary>
    public TimeSpan? Budget { get; init; }

    /// <summary>One thread of low priority.</summary>
    public bool IsBackground { get; init; }
}
