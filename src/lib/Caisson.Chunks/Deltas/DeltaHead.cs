using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Caisson.Chunks;

/// <summary>How a unit is stored in a delta. The numbers are the format's; 6 and above are kept for encodings to come.</summary>
public enum DeltaEncoding
{
    Stored = 0,

    Zstd = 1,

    /// <summary>zstd with a prefix: the old image's regions the unit names.</summary>
    ZstdPrefix = 2,

    /// <summary>Differences from the regions, and literals; each stream zstd.</summary>
    ByteDifference = 3,

    /// <summary>LZMA2, with the regions as preset dictionary if there are any.</summary>
    Lzma = 4,

    /// <summary>As <see cref="ByteDifference"/>, each stream LZMA2.</summary>
    LzmaByteDifference = 5,
}

/// <summary>Bytes of the old disk a unit refers to.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DeltaRegion(long Offset, int Bytes);

/// <summary>Some consecutive new chunks, encoded together.</summary>
public sealed record DeltaUnit
{
    public required DeltaEncoding Encoding { get; init; }

    /// <summary>Where in the delta file its bytes begin.</summary>
    public long Offset { get; init; }

    public required int StoredBytes { get; init; }

    public required int PlainBytes { get; init; }

    /// <summary>How many of the target's new chunks, in the order of its index, it holds.</summary>
    public required int ChunkCount { get; init; }

    public required ImmutableArray<DeltaRegion> Regions { get; init; }
}

/// <summary>The start of a delta file: from which disk to which index it leads, and where its units lie.</summary>
public sealed record DeltaHead
{
    /// <summary>Hash of the old disk's <see cref="ContentList"/>.</summary>
    public required ChunkId BaseContent { get; init; }

    /// <summary>Bytes of the old disk.</summary>
    public required long BaseBytes { get; init; }

    /// <summary>Hash of the new generation's index.</summary>
    public required ChunkId TargetIndex { get; init; }

    public required IndexEncoding IndexEncoding { get; init; }

    /// <summary>What <see cref="IndexStored"/> decodes to: the index, or its columns.</summary>
    public required int IndexPlainBytes { get; init; }

    public required ReadOnlyMemory<byte> IndexStored { get; init; }

    public required ImmutableArray<DeltaUnit> Units { get; init; }

    /// <summary>Decodes the new index with the old disk's content list at hand.</summary>
    /// <param name="mostBytes">Bytes of the new index, from the new generation's manifest: nobody has signed what the delta says of it.</param>
    /// <exception cref="ChunkException">Invalid: the delta does not start from this disk, or is damaged.</exception>
    public byte[] DecodeIndex(byte[] baseContent, long mostBytes = Limits.MaxIndexBytes)
    {
        if (ChunkId.Of(baseContent) != BaseContent)
        {
            throw new ChunkException(ChunkError.Invalid, "The delta starts from another disk than this one. Use the generation it was made from, byte for byte.");
        }

        var bytes = IndexDelta.Decode(IndexEncoding, baseContent, IndexStored.Span, IndexPlainBytes, mostBytes);
        return ChunkId.Of(bytes) == TargetIndex ? bytes : throw new ChunkException(ChunkError.Invalid, "The delta is damaged: its index has another hash.");
    }
}
