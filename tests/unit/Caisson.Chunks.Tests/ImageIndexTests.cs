using System.Collections.Immutable;
using CsCheck;

namespace Caisson.Chunks.Tests;

public sealed class ImageIndexTests
{
    [Fact]
    public void What_is_encoded_decodes_to_the_same() =>
        Gen.Int[0, 200].Select(Gen.Int[0, int.MaxValue], (chunks, seed) => Make(chunks, seed)).Sample(index =>
        {
            var again = ImageIndex.Decode(index.Encode());
            Assert.Equal(index.ImageBytes, again.ImageBytes);
            Assert.Equal(index.Packs, again.Packs);
            Assert.Equal(index.Frames, again.Frames);
            Assert.Equal(index.Chunks, again.Chunks);
            Assert.Equal(index.Extents, again.Extents);
        }, iter: 100);

    [Fact]
    public void Every_flipped_bit_is_refused()
    {
        var bytes = Make(20, 1).Encode();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            var refused = Assert.Throws<ChunkException>(() => ImageIndex.Decode(bytes));
            Assert.Equal(ChunkError.Invalid, refused.Error);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Every_flipped_bit_with_a_mended_checksum_is_refused_or_stays_in_range()
    {
        var bytes = Make(20, 2).Encode();
        for (var bit = 0; bit < (bytes.Length - ChunkId.Size) * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            ChunkId.Of(bytes.AsSpan(..^ChunkId.Size)).WriteTo(bytes.AsSpan(^ChunkId.Size..));
            try
            {
                var map = new FrameMap(ImageIndex.Decode(bytes));
                Assert.True(map.ChunksOf(0).Length >= 0);
            }
            catch (ChunkException)
            {
                // Refused is as good.
            }

            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Any_cut_is_refused()
    {
        var bytes = Make(20, 3).Encode();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<ChunkException>(() => ImageIndex.Decode(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void An_unknown_major_version_is_refused_by_name()
    {
        var bytes = Make(1, 4).Encode();
        bytes[8] = 2;
        Assert.Contains("version 2", Assert.Throws<ChunkException>(() => ImageIndex.Decode(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        var id = ChunkId.Of("x"u8);
        var pack = new PackEntry(id, 10_000);
        var frame = new FrameEntry(0, 16, 100, 4096, FrameEncoding.Zstd);
        var chunk = new ChunkEntry(id, 0, 0, 4096);
        Refused(-1, [], [], [], []);
        Refused(1L << 62, [], [], [], []);
        Refused(4096, [pack with { Bytes = long.MaxValue }], [], [], []);
        Refused(4096, [pack], [frame with { Pack = 1 }], [], []);
        Refused(4096, [pack], [frame with { Offset = int.MaxValue }], [], []);
        Refused(4096, [pack], [frame with { StoredBytes = -5 }], [], []);
        Refused(4096, [pack], [frame with { StoredBytes = 0 }], [], []);
        Refused(4096, [pack], [frame with { StoredBytes = 4097 }], [], []);
        Refused(4096, [pack], [frame with { PlainBytes = Limits.MaxFramePlainBytes + 1 }], [], []);
        Refused(4096, [pack], [frame with { Encoding = FrameEncoding.Stored }], [], []);
        Refused(4096, [pack with { Bytes = Limits.MaxPackBytes + 1 }], [], [], []);
        Refused(4096, [pack], [frame, frame], [], []);
        Refused(4096, [pack], [frame with { Encoding = (FrameEncoding)7 }], [], []);
        Refused(4096, [pack], [frame], [chunk with { Bytes = 5000 }], []);
        Refused(4096, [pack], [frame], [chunk with { Frame = -1 }], []);
        Refused(4096, [pack], [frame], [chunk, chunk], []);
        Refused(4096, [pack], [frame], [chunk], [new ImageExtent(4096, 0)]);
        Refused(9000, [pack], [frame], [chunk], [new ImageExtent(1, 0)]);
        Refused(9000, [pack], [frame], [chunk], [new ImageExtent(0, 0), new ImageExtent(0, 0)]);
        Refused(9000, [pack], [frame], [chunk], [new ImageExtent(0, 1)]);
        Refused(9000, [pack], [frame], [chunk], [new ImageExtent(long.MaxValue - 4095, 0)]);
    }

    [Fact]
    public void A_longer_header_of_a_higher_minor_version_is_skipped()
    {
        const int header = 64;
        const int added = 40;
        var known = Make(20, 5);
        var encoded = known.Encode();
        byte[] bytes = [.. encoded.AsSpan(0, header), .. new byte[added], .. encoded.AsSpan(header)];
        bytes[10] = 1;
        bytes[12] = header + added;
        ChunkId.Of(bytes.AsSpan(..^ChunkId.Size)).WriteTo(bytes.AsSpan(^ChunkId.Size..));

        Assert.Equal(known.Extents, ImageIndex.Decode(bytes).Extents);
    }

    [Fact]
    public void Counts_the_length_does_not_bear_are_refused_before_anything_is_allocated()
    {
        var whole = Make(20, 6).Encode();
        foreach (var value in (uint[])[int.MaxValue, 0x80000000, uint.MaxValue, 107_374_182])
        {
            foreach (var at in (int[])[12, 20, 24, 28, 32, 36, 40])
            {
                var bytes = (byte[])whole.Clone();
                BitConverter.TryWriteBytes(bytes.AsSpan(at), value);
                ChunkId.Of(bytes.AsSpan(..^ChunkId.Size)).WriteTo(bytes.AsSpan(^ChunkId.Size..));
                var before = GC.GetAllocatedBytesForCurrentThread();
                Assert.Throws<ChunkException>(() => ImageIndex.Decode(bytes));
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
            }
        }
    }

    private static void Refused(long size, ImmutableArray<PackEntry> packs, ImmutableArray<FrameEntry> frames, ImmutableArray<ChunkEntry> chunks, ImmutableArray<ImageExtent> extents) =>
        Assert.Equal(ChunkError.Invalid, Assert.Throws<ChunkException>(() => new ImageIndex(size, packs, frames, chunks, extents)).Error);

    internal static ImageIndex Make(int chunks, int seed)
    {
        var random = new Random(seed);
        var builder = new ImageIndexBuilder();
        var offset = 0L;
        FramePlace? frame = null;
        for (var i = 0; i < chunks; i++)
        {
            if (i % 3 == 0)
            {
                frame = new FramePlace { Encoding = FrameEncoding.Zstd, StoredBytes = 50, Offset = 16 + (i * 50), Pack = new PackEntry(ChunkId.Of([(byte)(i / 60)]), 1_000_000) };
            }

            var bytes = random.Next(1, 20) * Limits.BlockBytes;
            var id = ChunkId.Of(BitConverter.GetBytes(random.Next()));
            if (!builder.TryAddKnown(offset, id))
            {
                builder.Add(offset, id, bytes, frame!, frame!.PlainBytes);
                frame.PlainBytes += bytes;
                offset += bytes + (random.Next(3) * Limits.BlockBytes);
            }
        }

        return builder.Build(offset + random.Next(5000));
    }
}
