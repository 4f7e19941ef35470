using System.Buffers.Binary;

namespace Caisson.Chunks;

/// <summary>
/// The bytes of a delta file, version 2.0. All numbers little-endian.
/// <code>
///   0  8  magic "CAISDELT"            88 32  target index (its SHA-256)
///   8  2  major (2)                  120  4  index encoding
///  10  2  minor                      124  4  index plain bytes
///  12  4  header bytes (144)         128  4  index stored bytes
///  16  8  head bytes (all before     132  4  unit count
///         the first unit)            136  8  zero
///  24 32  base content list (SHA-256)
///  56  8  base image bytes
///  64  4  unit table plain bytes
///  68  4  unit table stored bytes
///  72 16  zero
/// then the stored index; the unit table, one zstd frame (<see cref="DeltaUnitTable"/>); SHA-256 of all before it;
/// then the units' stored bytes one after another.
/// </code>
/// </summary>
public static class DeltaFormat
{
    /// <summary>Enough to learn <see cref="HeadBytes"/>.</summary>
    public const int HeaderBytes = 144;

    private const ushort Major = 2;

    private static ReadOnlySpan<byte> Magic => "CAISDELT"u8;

    public static byte[] EncodeHead(DeltaHead head)
    {
        var plainTable = DeltaUnitTable.Encode(head.Units);
        var table = Compress(plainTable);
        var length = HeaderBytes + head.IndexStored.Length + table.Length + ChunkId.Size;
        var bytes = new byte[length];
        var writer = new SpanWriter(bytes);
        writer.Bytes(Magic);
        writer.UInt16(Major);
        writer.UInt16(0);
        writer.Int32(HeaderBytes);
        writer.Int64(length);
        writer.Id(head.BaseContent);
        writer.Int64(head.BaseBytes);
        writer.Int32(plainTable.Length);
        writer.Int32(table.Length);
        writer.Skip(16);
        writer.Id(head.TargetIndex);
        writer.Int32((int)head.IndexEncoding);
        writer.Int32(head.IndexPlainBytes);
        writer.Int32(head.IndexStored.Length);
        writer.Int32(head.Units.Length);
        writer.Skip(8);
        writer.Bytes(head.IndexStored.Span);
        writer.Bytes(table);
        ChunkId.Of(bytes.AsSpan(0, writer.Position)).WriteTo(bytes.AsSpan(writer.Position));
        return bytes;
    }

    /// <summary>How many bytes from the start of the file <see cref="DecodeHead"/> needs.</summary>
    /// <exception cref="ChunkException">Invalid: not a delta, an unknown major version, or out of range.</exception>
    public static int HeadBytes(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderBytes || !header.StartsWith(Magic))
        {
            throw Invalid("it does not begin as one");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) is var major && major != Major)
        {
            throw Invalid($"it is of format version {major} and this program reads version {Major}; use a newer one, or make the delta again");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        return length is >= HeaderBytes + ChunkId.Size and <= Limits.MaxIndexBytes ? (int)length : throw Invalid("the length of its head is out of range");
    }

    /// <summary>Reads and checks the head.</summary>
    /// <param name="bytes">Exactly <see cref="HeadBytes"/>.</param>
    /// <param name="mostIndexBytes">Bytes of the new index, from the new generation's manifest; by it everything here is bounded before it is allocated.</param>
    /// <exception cref="ChunkException">Invalid.</exception>
    public static DeltaHead DecodeHead(ReadOnlyMemory<byte> bytes, long mostIndexBytes = Limits.MaxIndexBytes)
    {
        var span = bytes.Span;
        if (HeadBytes(span) != span.Length || ChunkId.Of(span[..^ChunkId.Size]) != new ChunkId(span[^ChunkId.Size..]))
        {
            throw Invalid("its checksum does not hold");
        }

        var header = new SpanReader(span[12..HeaderBytes]);
        var headerBytes = header.Int32();
        header.UInt64();
        var (baseContent, baseBytes, tablePlain, tableStored) = (header.Id(), (long)header.UInt64(), header.Int32(), header.Int32());
        header.Skip(16);
        var (target, encoding, plain, stored, units) = (header.Id(), (IndexEncoding)header.Int32(), header.Int32(), header.Int32(), header.Int32());
        if (headerBytes < HeaderBytes || baseBytes is < 0 or > Limits.MaxImageBytes || !Enum.IsDefined(encoding)
            || plain < 0 || plain > mostIndexBytes || units < 0 || units > MostUnits(mostIndexBytes) || stored < 0 || tableStored < 0 || (long)headerBytes + stored + tableStored != span.Length - ChunkId.Size)
        {
            throw Invalid("a number in its header is out of range");
        }

        return new DeltaHead
        {
            BaseContent = baseContent,
            BaseBytes = baseBytes,
            TargetIndex = target,
            IndexEncoding = encoding,
            IndexPlainBytes = plain,
            IndexStored = bytes.Slice(headerBytes, stored),
            Units = DeltaUnitTable.Decode(Decompress(span.Slice(headerBytes + stored, tableStored), tablePlain, units), units, baseBytes, span.Length),
        };
    }

    /// <summary>Every unit but the last is full (<see cref="Limits.UnitTargetBytes"/>), and an index of so many bytes has no chunks for more.</summary>
    private static long MostUnits(long indexBytes) => 1 + (indexBytes / ImageIndexFormat.ChunkRow * Limits.MaxChunkBytes / Limits.UnitTargetBytes);

    /// <summary>A head longer than this is not one of a delta to an index of so many bytes: its parts are the index once more, and regions for each unit.</summary>
    public static long MostHeadBytes(long indexBytes) => Math.Min(Limits.MaxIndexBytes, (1 << 20) + (4 * indexBytes));

    internal static ChunkException Invalid(string why) => new(ChunkError.Invalid, $"This is not a usable delta: {why}.");

    private static byte[] Compress(byte[] plain)
    {
        var stored = new byte[plain.Length + (plain.Length / 128) + 64];
        using var zstd = new ZstdCodec(19);
        return stored[..zstd.Encode([], plain, stored)];
    }

    private static byte[] Decompress(ReadOnlySpan<byte> stored, int plainBytes, int units)
    {
        if (units < 0 || plainBytes < 0 || plainBytes > (long)units * DeltaUnitTable.MaxRowBytes || plainBytes > Limits.MaxUnitTableBytes)
        {
            throw Invalid("the size of its table of units is out of range");
        }

        var plain = new byte[plainBytes];
        using var zstd = new ZstdCodec(1);
        return zstd.TryDecode([], stored, plain) ? plain : throw Invalid("its table of units does not decode");
    }
}
