using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Fuzz;

/// <summary>The parts of a delta, each also for itself: what lies compressed in the head is out of a fuzzer's reach.</summary>
internal static class DeltaParsers
{
    /// <summary>What the new generation's manifest says of its index.</summary>
    public const int MostIndexBytes = 1 << 20;

    private const int HeadBytesAt = 16;
    private const int BaseContentAt = 24;
    private const long OldBytes = 1 << 20;

    private static readonly byte[] Old = ChunkParsers.MakePlain(2);

    private delegate byte[] EncodeStream(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> plain);

    /// <summary>The old disk: it has two of the new one's four chunks, one of them in two places.</summary>
    public static ContentList Content { get; } = new(
        OldBytes,
        [new ContentEntry(0, 40_960, ChunkId.Of("a"u8)), new ContentEntry(65_536, 30_000, ChunkId.Of("z"u8)), new ContentEntry(131_072, 20_480, ChunkId.Of("c"u8)), new ContentEntry(262_144, 40_960, ChunkId.Of("a"u8))]);

    private static byte[] ContentBytes { get; } = Content.Encode();

    private static ImmutableArray<DeltaUnit> SampleUnits { get; } =
    [
        new DeltaUnit { Encoding = DeltaEncoding.ZstdPrefix, StoredBytes = 500, PlainBytes = 100_000, ChunkCount = 2, Regions = [new DeltaRegion(0, 65_536), new DeltaRegion(69_632, 8192)] },
        new DeltaUnit { Encoding = DeltaEncoding.Stored, StoredBytes = 50_000, PlainBytes = 50_000, ChunkCount = 2, Regions = [] },
    ];

    /// <summary>The first byte says how the rest is encoded.</summary>
    public static Parser Unit { get; } = new("delta-unit", ParseUnit, UnitSeeds);

    public static Parser Head { get; } = new("delta-head", ParseHead, () => [SampleHead(IndexEncoding.Zstd), SampleHead(IndexEncoding.ZstdPrefix), SampleHead(IndexEncoding.Columns)]);

    /// <summary>The table of units as it is before compression. The first byte says how many units.</summary>
    public static Parser Units { get; } = new("delta-units", ParseUnits, () => [[(byte)SampleUnits.Length, .. DeltaUnitTable.Encode(SampleUnits)]]);

    /// <summary>The index's columns as they are before compression.</summary>
    public static Parser Columns { get; } = new("delta-columns", ParseColumns, () => [IndexColumns.Encode(Content, ChunkParsers.SampleIndex())]);

    /// <summary>A head with these bytes as its index and units, whatever they are.</summary>
    /// <param name="index">What the stored index says it decodes to.</param>
    public static byte[] MakeHead(IndexEncoding encoding, ReadOnlyMemory<byte> indexStored, int indexPlainBytes, ChunkId index) => DeltaFormat.EncodeHead(new DeltaHead
    {
        BaseContent = ChunkId.Of(ContentBytes),
        BaseBytes = OldBytes,
        TargetIndex = index,
        IndexEncoding = encoding,
        IndexPlainBytes = indexPlainBytes,
        IndexStored = indexStored,
        Units = SampleUnits,
    });

    private static bool ParseUnit(byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return false;
        }

        using var decoder = new UnitDecoder();
        try
        {
            decoder.Decode((DeltaEncoding)(bytes[0] % 8), Old, bytes.AsSpan(1), new byte[ChunkParsers.PlainBytes]);
            return true;
        }
        catch (ChunkException)
        {
            return false;
        }
    }

    /// <summary>Length, old disk and checksum are made right here, or nothing would get past them.</summary>
    private static bool ParseHead(byte[] body)
    {
        var bytes = (byte[])[.. body, .. new byte[ChunkId.Size]];
        if (bytes.Length >= DeltaFormat.HeaderBytes)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(HeadBytesAt), bytes.Length);
            ChunkId.Of(ContentBytes).WriteTo(bytes.AsSpan(BaseContentAt));
        }

        SHA256.HashData(bytes.AsSpan(..^ChunkId.Size), bytes.AsSpan(^ChunkId.Size..));
        try
        {
            _ = DeltaFormat.HeadBytes(bytes);
            var head = DeltaFormat.DecodeHead(bytes, MostIndexBytes);
            RequireInside(head.Units, head.BaseBytes);
            _ = head.DecodeIndex(ContentBytes, MostIndexBytes);
            return true;
        }
        catch (ChunkException)
        {
            return false;
        }
    }

    private static bool ParseUnits(byte[] bytes)
    {
        try
        {
            RequireInside(DeltaUnitTable.Decode(bytes.AsSpan(Math.Min(1, bytes.Length)), bytes.FirstOrDefault(), OldBytes, DeltaFormat.HeaderBytes), OldBytes);
            return true;
        }
        catch (ChunkException)
        {
            return false;
        }
    }

    private static bool ParseColumns(byte[] bytes)
    {
        try
        {
            var index = IndexColumns.Decode(Content, bytes, MostIndexBytes);
            var encoded = index.Encode();
            Parsers.Require(encoded.Length <= MostIndexBytes, "The index is larger than its manifest says.");
            Parsers.Require(ImageIndex.Decode(encoded).DataBytes == index.DataBytes, "What was read cannot be written and read again.");
            return true;
        }
        catch (ChunkException)
        {
            return false;
        }
    }

    private static void RequireInside(ImmutableArray<DeltaUnit> units, long oldBytes) =>
        Parsers.Require(units.All(unit => unit.Regions.All(region => region.Offset >= 0 && region.Bytes > 0 && region.Offset <= oldBytes - region.Bytes)), "A region leaves the old disk.");

    private static byte[] SampleHead(IndexEncoding encoding)
    {
        var index = ChunkParsers.SampleIndex().Encode();
        var (stored, plainBytes) = encoding switch
        {
            IndexEncoding.Columns => Columnar(),
            IndexEncoding.ZstdPrefix => (Compress(ContentBytes, index), index.Length),
            _ => (Compress([], index), index.Length),
        };
        return MakeHead(encoding, stored, plainBytes, ChunkId.Of(index))[..^ChunkId.Size];

        (byte[] Stored, int PlainBytes) Columnar()
        {
            var plain = IndexColumns.Encode(Content, ChunkParsers.SampleIndex());
            return (Compress([], plain), plain.Length);
        }
    }

    private static IEnumerable<byte[]> UnitSeeds()
    {
        var plain = (byte[])Old.Clone();
        new Random(4).NextBytes(plain.AsSpan(5000, 700));
        return
        [
            [(byte)DeltaEncoding.Stored, .. plain],
            [(byte)DeltaEncoding.Zstd, .. Compress([], plain)],
            [(byte)DeltaEncoding.ZstdPrefix, .. Compress(Old, plain)],
            [(byte)DeltaEncoding.ByteDifference, .. Difference(plain, Compress)],
            [(byte)DeltaEncoding.Lzma, .. CompressLzma(Old, plain)],
            [(byte)DeltaEncoding.LzmaByteDifference, .. Difference(plain, CompressLzma)],
        ];
    }

    private static byte[] Difference(byte[] plain, EncodeStream encode)
    {
        var difference = new ByteDifference();
        difference.Split(Old, plain);
        var streams = difference.Streams;
        var (control, differences, literals) = (encode([], streams.Control), encode([], streams.Differences), encode(Old, streams.Literals));
        var header = new byte[UnitDecoder.DifferenceHeaderBytes];
        BinaryPrimitives.WriteInt32LittleEndian(header, streams.Control.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), control.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), streams.LiteralBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), literals.Length);
        return [.. header, .. control, .. differences, .. literals];
    }

    private static byte[] Compress(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> plain)
    {
        using var zstd = new ZstdCodec(3);
        var stored = new byte[plain.Length + 1000];
        return stored[..zstd.Encode(prefix, plain, stored)];
    }

    private static byte[] CompressLzma(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> plain)
    {
        var stored = new byte[plain.Length + 1000];
        return stored[..Lzma.Encode(prefix, plain, stored, 6)];
    }
}
