using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Fuzz;

/// <summary>The formats of Caisson.Chunks. Checksums are made right here, or nothing would get past them.</summary>
internal static class ChunkParsers
{
    private const int PlainBytes = 32 * 1024;
    private const int LargestIndexPlain = 1 << 20;
    private const int HeadBytesAt = 16;
    private const int BaseContentAt = 24;

    private static readonly byte[] Plain = MakePlain(1);
    private static readonly byte[] Prefix = MakePlain(2);
    private static readonly byte[] NoContent = [];

    public static Parser Index { get; } = new("index", ParseIndex, () => [SampleIndex().Encode()[..^ChunkId.Size]]);

    public static Parser Frame { get; } = new("frame", ParseFrame, () => [Compressed(3), Compressed(19), [.. Compressed(3)[..100]]]);

    public static Parser DeltaUnit { get; } = new("delta-unit", ParseUnit, UnitSeeds);

    public static Parser DeltaHead { get; } = new("delta-head", ParseDeltaHead, () => [SampleDelta()]);

    /// <summary>Four chunks in two frames of one pack, one of them in two places, with holes between.</summary>
    public static ImageIndex SampleIndex()
    {
        var pack = ImmutableArray.Create(new PackEntry(ChunkId.Of("pack"u8), 200_000));
        var frames = ImmutableArray.Create(new FrameEntry(0, 16, 40_000, 100_000, FrameEncoding.Zstd), new FrameEntry(0, 40_016, 50_000, 50_000, FrameEncoding.Stored));
        var chunks = ImmutableArray.Create(
            new ChunkEntry(ChunkId.Of("a"u8), 0, 0, 40_960), new ChunkEntry(ChunkId.Of("b"u8), 0, 40_960, 59_040),
            new ChunkEntry(ChunkId.Of("c"u8), 1, 0, 20_480), new ChunkEntry(ChunkId.Of("d"u8), 1, 20_480, 29_520));
        var extents = ImmutableArray.Create(new ImageExtent(0, 0), new ImageExtent(49_152, 1), new ImageExtent(131_072, 2), new ImageExtent(163_840, 0), new ImageExtent(262_144, 3));
        return new ImageIndex(300_000, pack, frames, chunks, extents);
    }

    private static void ParseIndex(byte[] bytes)
    {
        ImageIndex index;
        try
        {
            index = ImageIndex.Decode([.. bytes, .. SHA256.HashData(bytes)]);
        }
        catch (ChunkException)
        {
            return;
        }

        var map = new FrameMap(index);
        var data = 0L;
        for (var chunk = 0; chunk < index.Chunks.Length; chunk++)
        {
            foreach (var extent in map.ExtentsOf(chunk))
            {
                data += index.ExtentBytes(extent);
                Parsers.Require(index.Extents[extent].Offset >= 0 && index.Extents[extent].Offset + index.ExtentBytes(extent) <= index.ImageBytes, "An extent leaves the image.");
            }
        }

        Parsers.Require(data == index.DataBytes && data <= index.ImageBytes, "The extents do not add up.");
        Parsers.Require(ImageIndex.Decode(index.Encode()).DataBytes == data, "What was read cannot be written and read again.");
    }

    private static void ParseFrame(byte[] bytes)
    {
        using var codec = new FrameCodec();
        try
        {
            codec.Decode(FrameEncoding.Zstd, bytes, new byte[PlainBytes]);
        }
        catch (ChunkException)
        {
        }

        try
        {
            PackFormat.CheckHeader(bytes);
        }
        catch (ChunkException)
        {
        }
    }

    /// <summary>The first byte says how the rest is encoded.</summary>
    private static void ParseUnit(byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return;
        }

        using var decoder = new UnitDecoder();
        try
        {
            decoder.Decode((DeltaEncoding)(bytes[0] % 8), Prefix, bytes.AsSpan(1), new byte[PlainBytes]);
        }
        catch (ChunkException)
        {
        }
    }

    private static void ParseDeltaHead(byte[] body)
    {
        var bytes = (byte[])[.. body, .. new byte[ChunkId.Size]];
        if (bytes.Length >= DeltaFormat.HeaderBytes)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(HeadBytesAt), bytes.Length);
            ChunkId.Of(NoContent).WriteTo(bytes.AsSpan(BaseContentAt));
        }

        SHA256.HashData(bytes.AsSpan(..^ChunkId.Size), bytes.AsSpan(^ChunkId.Size..));
        try
        {
            _ = DeltaFormat.HeadBytes(bytes);
            var head = DeltaFormat.DecodeHead(bytes);
            Parsers.Require(head.Units.All(unit => unit.Regions.All(region => region.Offset >= 0 && region.Offset + region.Bytes <= head.BaseBytes)), "A region leaves the old disk.");
            if (head.IndexPlainBytes <= LargestIndexPlain)
            {
                head.DecodeIndex(NoContent);
            }
        }
        catch (ChunkException)
        {
        }
    }

    private static byte[] Compressed(int level)
    {
        using var codec = new FrameCodec(level);
        var stored = new byte[PlainBytes];
        var (_, length) = codec.Encode(Plain, stored);
        return stored[..length];
    }

    private static IEnumerable<byte[]> UnitSeeds()
    {
        // One zstd frame stands alone, against a prefix it makes no use of, and as each stream of a byte difference.
        var frame = Compressed(3);
        yield return [(byte)DeltaEncoding.Zstd, .. frame];
        yield return [(byte)DeltaEncoding.ZstdPrefix, .. frame];
        var difference = new byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(difference, PlainBytes);
        BinaryPrimitives.WriteInt32LittleEndian(difference.AsSpan(4), frame.Length);
        yield return [(byte)DeltaEncoding.ByteDifference, .. difference, .. frame, .. frame];
        yield return [(byte)DeltaEncoding.Lzma, 1, 0, 7, 0, .. Plain.AsSpan(0, 8), 0];
    }

    private static byte[] SampleDelta()
    {
        using var codec = new FrameCodec();
        var index = SampleIndex().Encode();
        var stored = new byte[index.Length];
        var (_, length) = codec.Encode(index, stored);
        var head = DeltaFormat.EncodeHead(new DeltaHead
        {
            BaseContent = ChunkId.Of(NoContent),
            BaseBytes = 1 << 20,
            TargetIndex = ChunkId.Of(index),
            IndexEncoding = IndexEncoding.Zstd,
            IndexPlainBytes = index.Length,
            IndexStored = stored.AsMemory(0, length),
            Units =
            [
                new DeltaUnit { Encoding = DeltaEncoding.ZstdPrefix, StoredBytes = 500, PlainBytes = 100_000, ChunkCount = 2, Regions = [new DeltaRegion(4096, 8192), new DeltaRegion(0, 65_536)] },
                new DeltaUnit { Encoding = DeltaEncoding.Stored, StoredBytes = 50_000, PlainBytes = 50_000, ChunkCount = 2, Regions = [] },
            ],
        });
        return head[..^ChunkId.Size];
    }

    private static byte[] MakePlain(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, PlainBytes).Select(i => (byte)(i % 7 == 0 ? random.Next(256) : "Caisson "[i % 8]))];
    }
}
