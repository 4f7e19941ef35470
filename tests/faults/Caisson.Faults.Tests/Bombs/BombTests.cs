using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Caisson.Chunks;
using Caisson.Fuzz;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Faults.Tests.Bombs;

/// <summary>Small inputs that ask for much: refused, with little memory and in little time.</summary>
public sealed class BombTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public void A_frame_that_decodes_to_gigabytes_only_fails_to_fit()
    {
        var bomb = ZstdBomb.Make([], 1L << 30);
        Assert.InRange(bomb.Length, 1, 300_000);
        using var codec = new FrameCodec();
        Refusal.Of<ChunkException>(() => codec.Decode(FrameEncoding.Zstd, bomb, new byte[Limits.MaxFramePlainBytes]));
        using var unit = new UnitDecoder();
        Refusal.Of<ChunkException>(() => unit.Decode(DeltaEncoding.Zstd, [], bomb, new byte[Limits.MaxUnitPlainBytes]));
    }

    [Theory]
    [InlineData(27)]
    [InlineData(30)]
    [InlineData(31)]
    public void A_frame_with_a_window_of_gigabytes_takes_none(int windowLog)
    {
        // RFC 8878, 3.1.1.1.2: the window descriptor's upper five bits are log2 of the window, minus 10.
        var frame = (byte[])[0x28, 0xB5, 0x2F, 0xFD, 0x00, (byte)((windowLog - 10) << 3), 0x09, 0x00, 0x00, 0x41];
        using var codec = new FrameCodec();
        Refusal.Of<ChunkException>(() => codec.Decode(FrameEncoding.Zstd, frame, new byte[Limits.MaxFramePlainBytes]));
        using var unit = new UnitDecoder();
        Refusal.Of<ChunkException>(() => unit.Decode(DeltaEncoding.ZstdPrefix, new byte[1000], frame, new byte[Limits.MaxUnitPlainBytes]));
    }

    [Theory]
    [InlineData(28)]
    [InlineData(32)]
    [InlineData(36)]
    [InlineData(40)]
    public void Counts_of_an_index_that_multiply_past_memory_are_refused_by_its_length(int countAt)
    {
        foreach (var count in (uint[])[uint.MaxValue, int.MaxValue, 0x8000_0000, 0x0400_0000, 0x1999_999A])
        {
            var bytes = ChunkParsers.SampleIndex().Encode();
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(countAt), count);
            Refusal.Of<ChunkException>(() => ImageIndex.Decode(Sealed(bytes)));
        }
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    [InlineData((1UL << 63) - 1)]
    [InlineData((1UL << 46) + 1)]
    public void Sizes_up_to_2_to_the_64_are_refused_wherever_they_stand(ulong size)
    {
        // Image bytes, the pack's bytes, an extent's offset.
        var whole = ChunkParsers.SampleIndex().Encode();
        foreach (var at in (int[])[16, 64 + 32, whole.Length - 32 - 12])
        {
            var bytes = (byte[])whole.Clone();
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), size);
            Refusal.Of<ChunkException>(() => ImageIndex.Decode(Sealed(bytes)));
        }

        var qcow2 = ForeignParsers.Qcow2.Seeds().First();
        BinaryPrimitives.WriteUInt64BigEndian(qcow2.AsSpan(24), size);
        Refusal.Of<ImageStoreException>(() => Check(qcow2, qcow2.Length, ImageFormat.Qcow2));
        var vmdk = ForeignParsers.Vmdk.Seeds().First();
        BinaryPrimitives.WriteUInt64LittleEndian(vmdk.AsSpan(12), size);
        Refusal.Of<ImageStoreException>(() => Check(vmdk, vmdk.Length, ImageFormat.Vmdk));
    }

    [Fact]
    public void Overlapping_extents_frames_and_chunks_are_refused()
    {
        var good = ChunkParsers.SampleIndex();
        Refused(() => Rebuild(good, extents: good.Extents.SetItem(1, good.Extents[1] with { Offset = 36_864 })));
        Refused(() => Rebuild(good, extents: [.. good.Extents.Reverse()]));
        Refused(() => Rebuild(good, extents: good.Extents.SetItem(1, good.Extents[1] with { Offset = 49_153 })));
        Refused(() => Rebuild(good, extents: good.Extents.SetItem(4, good.Extents[4] with { Offset = 1L << 62 })));
        Refused(() => Rebuild(good, extents: good.Extents.SetItem(4, good.Extents[4] with { Offset = -4096 })));
        Refused(() => Rebuild(good, frames: good.Frames.SetItem(1, good.Frames[1] with { Offset = 40_000 })));
        Refused(() => Rebuild(good, frames: good.Frames.SetItem(1, good.Frames[1] with { Offset = int.MaxValue - 10 })));
        Refused(() => Rebuild(good, chunks: good.Chunks.SetItem(3, good.Chunks[3] with { Offset = int.MaxValue - 10 })));
        Refused(() => Rebuild(good, chunks: good.Chunks.SetItem(3, good.Chunks[2])));

        static void Refused(Func<ImageIndex> make) => Assert.Throws<ChunkException>(make);
    }

    [Fact]
    public void Gaps_between_extents_are_holes_and_nothing_else()
    {
        var index = ChunkParsers.SampleIndex();
        var runs = DiskExtents.Of(index, 0, index.ImageBytes);
        Assert.Equal(index.ImageBytes, runs.Sum(run => run.Length));
        Assert.Equal(index.DataBytes, runs.Where(run => !run.IsHole).Sum(run => run.Length));
    }

    [Theory]
    [InlineData("[", 2_000_000)]
    [InlineData("{\"a\":", 700_000)]
    [InlineData("{\"schemaVersion\":2,\"layers\":[", 1)]
    public void Json_that_nests_without_end_is_refused(string opening, int times)
    {
        var bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(opening, times)));
        Refusal.Of<ChunkException>(() => OciManifest.Parse(bytes));
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => OciIndex.Parse(bytes));
    }

    [Fact]
    public void A_manifest_above_its_limit_is_refused_unread() =>
        Refusal.Of<ChunkException>(() => OciManifest.Parse(new byte[Limits.MaxManifestBytes + 1]));

    /// <summary>A sparse file costs its maker nothing, so the length of a file bounds no table.</summary>
    [Theory]
    [InlineData(0xffff_ffffu)]
    [InlineData(0x8000_0000u)]
    [InlineData(0x1000_0000u)]
    public void A_qcow2_table_of_gigabytes_in_a_sparse_file_is_refused(uint entries)
    {
        var head = ForeignParsers.Qcow2.Seeds().First();
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(36), entries);
        Refusal.Of<ImageStoreException>(() => Check(head, 64L << 30, ImageFormat.Qcow2));
    }

    [Fact]
    public void A_vmdk_table_of_gigabytes_in_a_sparse_file_is_refused()
    {
        var head = ForeignParsers.Vmdk.Seeds().First();
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(12), 1UL << 37);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(44), 1);
        Refusal.Of<ImageStoreException>(() => Check(head, 1L << 40, ImageFormat.Vmdk));
    }

    public void Dispose() => _folder.Dispose();

    private static ImageIndex Rebuild(ImageIndex index, ImmutableArray<FrameEntry>? frames = null, ImmutableArray<ChunkEntry>? chunks = null, ImmutableArray<ImageExtent>? extents = null) =>
        new(index.ImageBytes, index.Packs, frames ?? index.Frames, chunks ?? index.Chunks, extents ?? index.Extents);

    private void Check(byte[] head, long length, ImageFormat format)
    {
        using var file = File.OpenHandle(_folder.File("image"), FileMode.Create, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, length);
        RandomAccess.Write(file, head, 0);
        ForeignHeader.Check(file, "input", format);
    }

    /// <summary>With the checksum that belongs to it, so that the numbers themselves are judged.</summary>
    private static byte[] Sealed(byte[] bytes)
    {
        ChunkId.Of(bytes.AsSpan(..^ChunkId.Size)).WriteTo(bytes.AsSpan(^ChunkId.Size..));
        return bytes;
    }
}
