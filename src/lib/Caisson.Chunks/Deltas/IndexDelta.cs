namespace Caisson.Chunks;

/// <summary>How the new index is stored in a delta. The numbers are the format's.</summary>
public enum IndexEncoding
{
    /// <summary>One zstd frame of the index's bytes.</summary>
    Zstd = 1,

    /// <summary>One zstd frame of the index's bytes, with the old disk's content list as prefix.</summary>
    ZstdPrefix = 2,

    /// <summary>One zstd frame of <see cref="IndexColumns"/>: half the size of the others.</summary>
    Columns = 3,
}

/// <summary>A new index against the old disk's content list: most of its chunk ids are there already.</summary>
public static class IndexDelta
{
    private const int Level = 12;
    private const int WindowLog = 27;

    /// <returns>How, the bytes for the delta's head, and how long they are decoded.</returns>
    public static (IndexEncoding Encoding, ReadOnlyMemory<byte> Stored, int PlainBytes) Encode(ContentList known, ReadOnlySpan<byte> index)
    {
        var decoded = ImageIndex.Decode(index);
        var columns = IndexColumns.Encode(known, decoded);
        if (columns.Length > index.Length || !decoded.Encode().AsSpan().SequenceEqual(index))
        {
            // Of a version that says more than this one reads; or of rows so wild that a reader would not take their columns for those of this index.
            return (IndexEncoding.ZstdPrefix, Compress(known.Encode(), index), index.Length);
        }

        return (IndexEncoding.Columns, Compress([], columns), columns.Length);
    }

    /// <exception cref="ChunkException">Invalid, or larger than <paramref name="mostBytes"/>.</exception>
    internal static byte[] Decode(IndexEncoding encoding, byte[] knownBytes, ReadOnlySpan<byte> stored, int plainBytes, long mostBytes)
    {
        if (plainBytes > mostBytes)
        {
            throw DeltaFormat.Invalid("its index is larger than that of the generation it leads to");
        }

        var plain = new byte[plainBytes];
        using var zstd = new ZstdCodec(1);
        if (!zstd.TryDecode(encoding == IndexEncoding.ZstdPrefix ? knownBytes : [], stored, plain))
        {
            throw new ChunkException(ChunkError.Invalid, "The delta is damaged: its index does not decode.");
        }

        return encoding == IndexEncoding.Columns ? IndexColumns.Decode(ContentList.Decode(knownBytes), plain, mostBytes).Encode() : plain;
    }

    private static ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> plain)
    {
        var stored = new byte[plain.Length + (plain.Length / 128) + 64];
        using var zstd = new ZstdCodec(Level, WindowLog);
        return stored.AsMemory(0, zstd.Encode(prefix, plain, stored));
    }
}
