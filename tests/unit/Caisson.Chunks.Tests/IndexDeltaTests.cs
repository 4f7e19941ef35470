using CsCheck;

namespace Caisson.Chunks.Tests;

/// <summary>The new index out of the delta's head: always the same bytes, or refused.</summary>
public sealed class IndexDeltaTests
{
    [Fact]
    public void Any_index_comes_back_whatever_the_old_disk_holds() =>
        Gen.Select(Gen.Int[0, 1_000_000], Gen.Int[0, 300], Gen.Int[0, 300]).Sample(
            (seed, oldChunks, newChunks) =>
            {
                var (known, index) = Make(seed, oldChunks, newChunks);
                var head = Head(known, index);
                return head.DecodeIndex(known.Encode()).AsSpan().SequenceEqual(index.Encode());
            },
            iter: 300);

    [Fact]
    public void Known_chunks_cost_next_to_nothing()
    {
        var (known, index) = Make(1, 20_000, 0);
        var (encoding, stored, _) = IndexDelta.Encode(known, index.Encode());
        Assert.Equal(IndexEncoding.Columns, encoding);
        Assert.InRange(stored.Length, 1, index.Encode().Length / 10);
    }

    [Fact]
    public void Damaged_columns_are_refused()
    {
        var (known, index) = Make(2, 100, 100);
        var columns = IndexColumns.Encode(known, index);
        Gen.Select(Gen.Int[0, columns.Length - 1], Gen.Byte, Gen.Int[0, columns.Length]).Sample(
            (at, value, length) =>
            {
                var damaged = columns[..Math.Max(length, at + 1)];
                damaged[at] ^= value;
                try
                {
                    // In range is what counts here; the head's hash finds the rest.
                    return IndexColumns.Decode(known, damaged).ImageBytes <= Limits.MaxImageBytes;
                }
                catch (ChunkException)
                {
                    return true;
                }
            },
            iter: 3000);
    }

    [Fact]
    public void The_true_size_of_the_index_bounds_what_its_columns_may_ask_for()
    {
        var (known, index) = Make(3, 0, 3000);
        var (columns, bytes) = (IndexColumns.Encode(known, index), index.Encode());
        Assert.Equal(bytes, IndexColumns.Decode(known, columns, bytes.Length).Encode());
        Assert.Throws<ChunkException>(() => IndexColumns.Decode(known, columns, bytes.Length - 1));
    }

    /// <summary>Each count alone has a byte for every row; four columns of eight bytes a row, and the rows, are two hundred times that.</summary>
    [Fact]
    public void Counts_that_only_together_leave_the_columns_are_refused_before_they_are_allocated()
    {
        const int count = 2_000_000;
        var columns = new List<byte>();
        foreach (var number in (ReadOnlySpan<ulong>)[1 << 20, 0, 0, count, count])
        {
            Varint.Append(columns, number);
        }

        byte[] bytes = [.. columns, .. new byte[count]];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ChunkException>(() => IndexColumns.Decode(new ContentList(0, []), bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_head_that_asks_for_more_than_the_index_is_refused_before_it_is_allocated()
    {
        var (known, index) = Make(4, 100, 10);
        var bytes = index.Encode();
        var small = Units(1, bytes.Length);
        Assert.Equal(bytes, DeltaFormat.DecodeHead(small, bytes.Length).DecodeIndex(known.Encode(), bytes.Length));
        Assert.Throws<ChunkException>(() => DeltaFormat.DecodeHead(small, bytes.Length - 1));

        var many = Units(100_000, bytes.Length);
        Assert.InRange(many.Length, 0, 200_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<ChunkException>(() => DeltaFormat.DecodeHead(many, bytes.Length));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);

        byte[] Units(int count, int plainBytes) => DeltaFormat.EncodeHead(new DeltaHead
        {
            BaseContent = ChunkId.Of(known.Encode()),
            BaseBytes = known.ImageBytes,
            TargetIndex = ChunkId.Of(bytes),
            IndexEncoding = IndexEncoding.Zstd,
            IndexPlainBytes = plainBytes,
            IndexStored = IndexFrame(bytes),
            Units = [.. Enumerable.Repeat(new DeltaUnit { Encoding = DeltaEncoding.Stored, StoredBytes = 1, PlainBytes = 1, ChunkCount = 1, Regions = [] }, count)],
        });
    }

    private static byte[] IndexFrame(byte[] index)
    {
        var stored = new byte[index.Length + 1024];
        using var zstd = new ZstdCodec(3);
        return stored[..zstd.Encode([], index, stored)];
    }

    private static DeltaHead Head(ContentList known, ImageIndex index)
    {
        var (encoding, stored, plain) = IndexDelta.Encode(known, index.Encode());
        var head = new DeltaHead { BaseContent = ChunkId.Of(known.Encode()), BaseBytes = known.ImageBytes, TargetIndex = ChunkId.Of(index.Encode()), IndexEncoding = encoding, IndexPlainBytes = plain, IndexStored = stored, Units = [] };
        return DeltaFormat.DecodeHead(DeltaFormat.EncodeHead(head));
    }

    /// <summary>An old disk, and a new one of some of its chunks, in and out of order, and new ones between them.</summary>
    private static (ContentList Known, ImageIndex Index) Make(int seed, int oldChunks, int newChunks)
    {
        var random = new Random(seed);
        var old = Enumerable.Range(0, oldChunks).Select(number => new ContentEntry(number * 262_144L, 1 + ((number * 7919) % 262_144), Id(seed, number))).ToList();
        var builder = new ImageIndexBuilder();
        var offset = 0L;
        var chunks = old.Where(_ => random.Next(8) > 0).Select(entry => (entry.Id, entry.Bytes)).Concat(Enumerable.Range(0, newChunks).Select(number => (Id(seed, -1 - number), random.Next(1, 262_144)))).ToArray();
        if (random.Next(2) == 0)
        {
            random.Shuffle(chunks);
        }

        var places = new List<FramePlace>();
        foreach (var (id, bytes) in chunks)
        {
            if (places.Count == 0 || places[^1].PlainBytes + bytes > Limits.MaxFramePlainBytes)
            {
                places.Add(new FramePlace());
            }

            builder.Add(offset, id, bytes, places[^1], places[^1].PlainBytes);
            places[^1].PlainBytes += bytes;
            offset += (random.Next(3) + ((bytes + 4095) / 4096)) * 4096L;
            if (random.Next(10) == 0)
            {
                builder.TryAddKnown(offset, id);
                offset += (bytes + 4095) / 4096 * 4096L;
            }
        }

        var (pack, at) = (0, PackFormat.HeaderBytes);
        foreach (var frame in places)
        {
            if (at > 4_000_000)
            {
                (pack, at) = (pack + 1, PackFormat.HeaderBytes);
            }

            (frame.StoredBytes, frame.Encoding, frame.Offset, frame.Pack) = (frame.PlainBytes, FrameEncoding.Stored, at, new PackEntry(Id(seed, 1_000_000 + pack), 8_000_000));
            at += frame.StoredBytes;
        }

        return (new ContentList(oldChunks * 262_144L, [.. old]), builder.Build(offset));
    }

    private static ChunkId Id(int seed, int number) => ChunkId.Of(BitConverter.GetBytes(((long)seed << 32) + number));
}
