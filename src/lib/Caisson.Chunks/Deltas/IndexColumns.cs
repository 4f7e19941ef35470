using System.Runtime.InteropServices;

namespace Caisson.Chunks;

/// <summary>
/// An index column by column, and only what the old disk's content list does not know: a chunk that lies on the old disk is its entry's number, most often one
/// more than the one before; places that follow from the place before are zeros. What is left is the ids of the new chunks. Before compression:
/// varints, in the order of the code below, then 32 bytes for each pack and for each new chunk.
/// </summary>
internal static class IndexColumns
{
    public static byte[] Encode(ContentList known, ImageIndex index)
    {
        var (columns, ids) = (new List<byte>(), new List<byte>());
        foreach (var number in (ReadOnlySpan<long>)[index.ImageBytes, index.Packs.Length, index.Frames.Length, index.Chunks.Length, index.Extents.Length])
        {
            Varint.Append(columns, (ulong)number);
        }

        foreach (var pack in index.Packs)
        {
            Varint.Append(columns, (ulong)pack.Bytes);
            AppendId(ids, pack.Id);
        }

        AppendFrames(columns, index);
        AppendChunks(columns, ids, known, index);
        AppendExtents(columns, index);
        return [.. columns, .. ids];
    }

    /// <param name="mostBytes">The index is not larger than this: rows that would make it so are not allocated.</param>
    /// <exception cref="ChunkException">Invalid.</exception>
    public static ImageIndex Decode(ContentList known, ReadOnlySpan<byte> bytes, long mostBytes = Limits.MaxIndexBytes)
    {
        var imageBytes = (long)Number(ref bytes);
        var (packCount, frameCount, chunkCount, extentCount) = (Count(ref bytes), Count(ref bytes), Count(ref bytes), Count(ref bytes));

        // A byte at least for each number of a row, and a pack's id; all tables together, since each alone might have all the bytes.
        Require((packCount * (1L + ChunkId.Size)) + (frameCount * 5L) + (chunkCount * 4L) + (extentCount * 2L) <= bytes.Length);
        Require(ImageIndexFormat.TotalBytes(ImageIndexFormat.HeaderBytes, packCount, frameCount, chunkCount, extentCount) <= mostBytes);
        var packBytes = Column(ref bytes, packCount);
        var frames = ReadFrames(ref bytes, frameCount);
        var chunks = ReadChunks(ref bytes, chunkCount, known, out var isNew);
        var extents = ReadExtents(ref bytes, extentCount, chunks);
        var packs = new PackEntry[packCount];
        for (var pack = 0; pack < packCount; pack++)
        {
            packs[pack] = new PackEntry(TakeId(ref bytes), (long)packBytes[pack]);
        }

        for (var chunk = 0; chunk < chunkCount; chunk++)
        {
            chunks[chunk] = isNew[chunk] ? chunks[chunk] with { Id = TakeId(ref bytes) } : chunks[chunk];
        }

        Require(bytes.IsEmpty);
        return new ImageIndex(imageBytes, ImmutableCollectionsMarshal.AsImmutableArray(packs), ImmutableCollectionsMarshal.AsImmutableArray(frames), ImmutableCollectionsMarshal.AsImmutableArray(chunks), ImmutableCollectionsMarshal.AsImmutableArray(extents));
    }

    private static void AppendFrames(List<byte> columns, ImageIndex index)
    {
        Append(columns, index.Frames, (frame, before) => (ulong)(frame.Pack - before.Pack));
        Append(columns, index.Frames, (frame, before) => Varint.ZigZag(frame.Offset - End(frame, before)));
        Append(columns, index.Frames, (frame, _) => (ulong)frame.StoredBytes);
        Append(columns, index.Frames, (frame, _) => (ulong)frame.PlainBytes);
        Append(columns, index.Frames, (frame, _) => (ulong)frame.Encoding);
    }

    private static FrameEntry[] ReadFrames(ref ReadOnlySpan<byte> bytes, int count)
    {
        var (pack, offset, stored, plain, encoding) = (Column(ref bytes, count), Column(ref bytes, count), Column(ref bytes, count), Column(ref bytes, count), Column(ref bytes, count));
        var frames = new FrameEntry[count];
        var before = default(FrameEntry);
        for (var i = 0; i < count; i++)
        {
            var frame = new FrameEntry(Int(before.Pack + (long)pack[i]), 0, Int(stored[i]), Int(plain[i]), (FrameEncoding)Int(encoding[i]));
            before = frames[i] = frame with { Offset = Int(End(frame, before) + Varint.UnZigZag(offset[i])) };
        }

        return frames;
    }

    private static long End(FrameEntry frame, FrameEntry before) =>
        frame.Pack == before.Pack && before.StoredBytes > 0 ? (long)before.Offset + before.StoredBytes : PackFormat.HeaderBytes;

    private static void AppendChunks(List<byte> columns, List<byte> ids, ContentList known, ImageIndex index)
    {
        var entries = Entries(known);
        var expected = 0;
        Append(columns, index.Chunks, (chunk, _) =>
        {
            // 0: new; else where among the old entries it is, from where it was expected.
            if (!entries.TryGetValue(chunk.Id, out var entry))
            {
                AppendId(ids, chunk.Id);
                return 0;
            }

            var distance = Varint.ZigZag(entry - expected) + 1;
            expected = entry + 1;
            return distance;
        });
        Append(columns, index.Chunks, (chunk, _) => entries.ContainsKey(chunk.Id) ? 0 : (ulong)chunk.Bytes);
        Append(columns, index.Chunks, (chunk, before) => Varint.ZigZag(chunk.Frame - before.Frame));
        Append(columns, index.Chunks, (chunk, before) => Varint.ZigZag(chunk.Offset - End(chunk, before)));
    }

    private static ChunkEntry[] ReadChunks(ref ReadOnlySpan<byte> bytes, int count, ContentList known, out bool[] isNew)
    {
        var (place, length, frame, offset) = (Column(ref bytes, count), Column(ref bytes, count), Column(ref bytes, count), Column(ref bytes, count));
        isNew = [.. place.Select(number => number == 0)];
        var chunks = new ChunkEntry[count];
        var before = default(ChunkEntry);
        var expected = 0;
        for (var i = 0; i < count; i++)
        {
            var (id, size) = (default(ChunkId), Int(length[i]));
            if (!isNew[i])
            {
                var entry = expected + Varint.UnZigZag(place[i] - 1);
                Require(entry >= 0 && entry < known.Entries.Length);
                (id, size, expected) = (known.Entries[(int)entry].Id, known.Entries[(int)entry].Bytes, (int)entry + 1);
            }

            var chunk = new ChunkEntry(id, Int(before.Frame + Varint.UnZigZag(frame[i])), 0, size);
            before = chunks[i] = chunk with { Offset = Int(End(chunk, before) + Varint.UnZigZag(offset[i])) };
        }

        return chunks;
    }

    private static long End(ChunkEntry chunk, ChunkEntry before) => chunk.Frame == before.Frame ? (long)before.Offset + before.Bytes : 0;

    private static void AppendExtents(List<byte> columns, ImageIndex index)
    {
        var (end, next) = (0L, 0);
        foreach (var extent in index.Extents)
        {
            Varint.Append(columns, (ulong)(extent.Offset - end));
            end = extent.Offset + index.Chunks[extent.Chunk].Bytes;
        }

        foreach (var extent in index.Extents)
        {
            Varint.Append(columns, Varint.ZigZag(extent.Chunk - next));
            next = extent.Chunk + 1;
        }
    }

    private static ImageExtent[] ReadExtents(ref ReadOnlySpan<byte> bytes, int count, ChunkEntry[] chunks)
    {
        var (gap, number) = (Column(ref bytes, count), Column(ref bytes, count));
        var extents = new ImageExtent[count];
        var (end, next) = (0L, 0);
        for (var i = 0; i < count; i++)
        {
            var chunk = Int(next + Varint.UnZigZag(number[i]));
            Require(chunk < chunks.Length && gap[i] <= Limits.MaxImageBytes && end <= Limits.MaxImageBytes);
            extents[i] = new ImageExtent(end + (long)gap[i], chunk);
            (end, next) = (extents[i].Offset + chunks[chunk].Bytes, chunk + 1);
        }

        return extents;
    }

    private static Dictionary<ChunkId, int> Entries(ContentList known)
    {
        var entries = new Dictionary<ChunkId, int>(known.Entries.Length);
        for (var i = 0; i < known.Entries.Length; i++)
        {
            entries.TryAdd(known.Entries[i].Id, i);
        }

        return entries;
    }

    private static void Append<T>(List<byte> columns, System.Collections.Immutable.ImmutableArray<T> rows, Func<T, T, ulong> number)
        where T : struct
    {
        var before = default(T);
        foreach (var row in rows)
        {
            Varint.Append(columns, number(row, before));
            before = row;
        }
    }

    private static void AppendId(List<byte> ids, ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.Size];
        id.WriteTo(bytes);
        ids.AddRange(bytes);
    }

    private static ulong[] Column(ref ReadOnlySpan<byte> bytes, int count)
    {
        var column = new ulong[count];
        foreach (ref var value in column.AsSpan())
        {
            value = Number(ref bytes);
        }

        return column;
    }

    private static ulong Number(ref ReadOnlySpan<byte> bytes)
    {
        Require(Varint.TryRead(ref bytes, out var value));
        return value;
    }

    private static int Count(ref ReadOnlySpan<byte> bytes)
    {
        var value = Number(ref bytes);
        Require(value <= (ulong)bytes.Length);
        return (int)value;
    }

    private static int Int(ulong value)
    {
        Require(value <= int.MaxValue);
        return (int)value;
    }

    private static int Int(long value)
    {
        Require(value is >= 0 and <= int.MaxValue);
        return (int)value;
    }

    private static ChunkId TakeId(ref ReadOnlySpan<byte> bytes)
    {
        Require(bytes.Length >= ChunkId.Size);
        var id = new ChunkId(bytes);
        bytes = bytes[ChunkId.Size..];
        return id;
    }

    private static void Require(bool holds)
    {
        if (!holds)
        {
            throw new ChunkException(ChunkError.Invalid, "The delta is damaged: its index does not decode.");
        }
    }
}
