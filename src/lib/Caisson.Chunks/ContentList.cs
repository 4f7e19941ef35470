using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Caisson.Chunks;

/// <summary>One chunk's place on a disk.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ContentEntry(long Offset, int Bytes, ChunkId Id);

/// <summary>
/// What a disk holds, chunk by chunk, however it is stored. Made from an index or by cutting a raw file: the same disk gives the same list,
/// so its hash tells whether a raw file is the disk a delta starts from.
/// </summary>
public sealed class ContentList(long imageBytes, ImmutableArray<ContentEntry> entries)
{
    private const int EntryBytes = 44;

    public long ImageBytes { get; } = imageBytes;

    /// <summary>Ordered by offset.</summary>
    public ImmutableArray<ContentEntry> Entries { get; } = entries;

    public static ContentList Of(ImageIndex index) => new(
        index.ImageBytes,
        [.. index.Extents.Select(extent => new ContentEntry(extent.Offset, index.Chunks[extent.Chunk].Bytes, index.Chunks[extent.Chunk].Id))]);

    /// <summary>The canonical bytes: image size u64, then for each extent offset u64, bytes u32, id 32; little-endian.</summary>
    public byte[] Encode()
    {
        var bytes = new byte[8 + (Entries.Length * EntryBytes)];
        var writer = new SpanWriter(bytes);
        writer.Int64(ImageBytes);
        foreach (var entry in Entries)
        {
            writer.Int64(entry.Offset);
            writer.Int32(entry.Bytes);
            writer.Id(entry.Id);
        }

        return bytes;
    }

    /// <summary>Reads canonical bytes made on this machine.</summary>
    internal static ContentList Decode(ReadOnlySpan<byte> bytes)
    {
        var reader = new SpanReader(bytes);
        var imageBytes = (long)reader.UInt64();
        var entries = new ContentEntry[(bytes.Length - 8) / EntryBytes];
        foreach (ref var entry in entries.AsSpan())
        {
            entry = new ContentEntry((long)reader.UInt64(), reader.Int32(), reader.Id());
        }

        return new ContentList(imageBytes, ImmutableCollectionsMarshal.AsImmutableArray(entries));
    }

    /// <summary>First place of each chunk.</summary>
    public Dictionary<ChunkId, long> Places()
    {
        var places = new Dictionary<ChunkId, long>(Entries.Length);
        foreach (var entry in Entries)
        {
            places.TryAdd(entry.Id, entry.Offset);
        }

        return places;
    }
}
