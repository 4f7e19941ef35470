namespace Caisson.Chunks;

/// <summary>The numbers of the formats (docs/reference/formats.md). A reader refuses what is beyond them before it allocates.</summary>
public static class Limits
{
    /// <summary>Chunks begin at multiples of this, so that they can be reflinked and mapped.</summary>
    public const int BlockBytes = 4096;

    public const int MinChunkBytes = 16 * 1024;

    public const int MaxChunkBytes = 256 * 1024;

    /// <summary>Plain bytes in one frame: what a read of one absent byte costs at most.</summary>
    public const int MaxFramePlainBytes = 256 * 1024;

    /// <summary>A frame is never stored larger than its plain bytes.</summary>
    public const int MaxFrameStoredBytes = MaxFramePlainBytes;

    /// <summary>A pack is closed when it has reached this; it may be larger by one frame.</summary>
    public const int PackTargetBytes = 4 * 1024 * 1024;

    /// <summary>A delta's unit is closed when it has reached this.</summary>
    public const int UnitTargetBytes = 4 * 1024 * 1024;

    public const int MaxUnitPlainBytes = UnitTargetBytes + MaxChunkBytes;

    /// <summary>What a unit may refer to of the old image, all regions together: what applying a delta keeps in memory.</summary>
    public const int MaxUnitReferenceBytes = 8 * 1024 * 1024;

    public const int MaxUnitRegions = 256;

    /// <summary>Decoded; some 5 million units.</summary>
    public const int MaxUnitTableBytes = 256 * 1024 * 1024;

    public const int MaxPackBytes = 64 * 1024 * 1024;

    /// <summary>64 TiB.</summary>
    public const long MaxImageBytes = 1L << 46;

    /// <summary>Bytes of an index or of a delta's header, decoded.</summary>
    public const int MaxIndexBytes = 1 << 30;

    /// <summary>OCI registries refuse manifests above 4 MiB.</summary>
    public const int MaxManifestBytes = 4 * 1024 * 1024;
}
