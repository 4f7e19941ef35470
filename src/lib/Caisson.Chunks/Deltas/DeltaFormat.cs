using System.Buffers.Binary;
using System.Collections.Immutable;

namespace Caisson.Chunks;

/// <summary>
/// The bytes of a delta file, version 1.0. All numbers little-endian.
/// <code>
///   0  8  magic "CAISDELT"            88 32  target index (its SHA-256)
///   8  2  major (1)                  120  4  index encoding
///  10  2  minor                      124  4  index plain bytes
///  12  4  header bytes (144)         128  4  index stored bytes
///  16  8  head bytes (all before     132  4  unit count
///         the first unit)            136  8  zero
///  24 32  base content list (SHA-256)
///  56  8  base image bytes
///  64 24  zero
/// then the stored index; then for each unit: encoding, stored, plain, chunk count, region count u32, and its regions: offset u64, bytes u32;
/// then SHA-256 of all before it; then the units' stored bytes one after another.
/// </code>
/// </summary>
public static class DeltaFormat
{
    /// <summary>Enough to learn <see cref="HeadBytes"/>.</summary>
    public const int HeaderBytes = 144;

    private const ushort Major = 1;
    private const int UnitRow = 20;
    private const int RegionRow = 12;

    private static ReadOnlySpan<byte> Magic => "CAISDELT"u8;

    public static byte[] EncodeHead(DeltaHead head)
    {
        var length = HeaderBytes + head.IndexStored.Length + head.Units.Sum(unit => UnitRow + (unit.Regions.Length * RegionRow)) + ChunkId.Size;
        var bytes = new byte[length];
        var writer = new SpanWriter(bytes);
        writer.Bytes(Magic);
        writer.UInt16(Major);
        writer.UInt16(0);
        writer.Int32(HeaderBytes);
        writer.Int64(length);
        writer.Id(head.BaseContent);
        writer.Int64(head.BaseBytes);
        writer.Skip(24);
        writer.Id(head.TargetIndex);
        writer.Int32((int)head.IndexEncoding);
        writer.Int32(head.IndexPlainBytes);
        writer.Int32(head.IndexStored.Length);
        writer.Int32(head.Units.Length);
        writer.Skip(8);
        writer.Bytes(head.IndexStored.Span);
        foreach (var unit in head.Units)
        {
            WriteUnit(unit, ref writer);
        }

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
            throw Invalid($"it is of format version {major} and this program reads version {Major}; use a newer one");
        }

        var length = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
        return length is >= HeaderBytes + ChunkId.Size and <= Limits.MaxIndexBytes ? (int)length : throw Invalid("the length of its head is out of range");
    }

    /// <summary>Reads and checks the head.</summary>
    /// <param name="bytes">Exactly <see cref="HeadBytes"/>.</param>
    /// <exception cref="ChunkException">Invalid.</exception>
    public static DeltaHead DecodeHead(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (HeadBytes(span) != span.Length || ChunkId.Of(span[..^ChunkId.Size]) != new ChunkId(span[^ChunkId.Size..]))
        {
            throw Invalid("its checksum does not hold");
        }

        var header = new SpanReader(span[12..HeaderBytes]);
        var headerBytes = header.Int32();
        header.UInt64();
        var (baseContent, baseBytes) = (header.Id(), (long)header.UInt64());
        header.Skip(24);
        var (target, encoding, plain, stored, units) = (header.Id(), (DeltaEncoding)header.Int32(), header.Int32(), header.Int32(), header.Int32());
        var left = span.Length - ChunkId.Size - (long)headerBytes;
        if (headerBytes < HeaderBytes || baseBytes is < 0 or > Limits.MaxImageBytes || encoding is not (DeltaEncoding.Zstd or DeltaEncoding.ZstdPrefix)
            || plain is < 0 or > Limits.MaxIndexBytes || stored < 0 || stored > left || units < 0 || units > (left - stored) / UnitRow)
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
            Units = ReadUnits(span[(headerBytes + stored)..^ChunkId.Size], units, baseBytes, span.Length),
        };
    }

    private static void WriteUnit(DeltaUnit unit, ref SpanWriter writer)
    {
        writer.Int32((int)unit.Encoding);
        writer.Int32(unit.StoredBytes);
        writer.Int32(unit.PlainBytes);
        writer.Int32(unit.ChunkCount);
        writer.Int32(unit.Regions.Length);
        foreach (var region in unit.Regions)
        {
            writer.Int64(region.Offset);
            writer.Int32(region.Bytes);
        }
    }

    private static ImmutableArray<DeltaUnit> ReadUnits(ReadOnlySpan<byte> table, int count, long baseBytes, long offset)
    {
        var units = ImmutableArray.CreateBuilder<DeltaUnit>(count);
        var reader = new SpanReader(table);
        for (var i = 0; i < count; i++)
        {
            Require(table.Length - reader.Position >= UnitRow, "its table of units is cut short");
            var (encoding, stored, plain, chunks, regions) = ((DeltaEncoding)reader.Int32(), reader.Int32(), reader.Int32(), reader.Int32(), reader.Int32());
            Require(encoding is DeltaEncoding.Stored or DeltaEncoding.Zstd or DeltaEncoding.ZstdPrefix, "a unit has an encoding this version does not know");
            Require(plain is > 0 and <= Limits.MaxUnitPlainBytes && stored > 0 && stored <= plain && chunks > 0, "a unit's size is out of range");
            Require(regions is >= 0 and <= Limits.MaxUnitRegions && (regions == 0 || encoding == DeltaEncoding.ZstdPrefix), "a unit's regions are out of range");
            Require(table.Length - reader.Position >= regions * RegionRow, "its table of units is cut short");
            units.Add(new DeltaUnit { Encoding = encoding, Offset = offset, StoredBytes = stored, PlainBytes = plain, ChunkCount = chunks, Regions = ReadRegions(ref reader, regions, baseBytes) });
            offset += stored;
        }

        Require(reader.Position == table.Length, "its head has bytes nobody names");
        return units.MoveToImmutable();
    }

    private static ImmutableArray<DeltaRegion> ReadRegions(ref SpanReader reader, int count, long baseBytes)
    {
        var regions = ImmutableArray.CreateBuilder<DeltaRegion>(count);
        for (var i = 0; i < count; i++)
        {
            var region = new DeltaRegion((long)reader.UInt64(), reader.Int32());
            Require(region.Bytes is > 0 and <= Limits.RegionBytes && region.Offset >= 0 && region.Offset <= baseBytes - region.Bytes, "a region leaves the old image");
            regions.Add(region);
        }

        return regions.MoveToImmutable();
    }

    private static void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw Invalid(why);
        }
    }

    private static ChunkException Invalid(string why) => new(ChunkError.Invalid, $"This is not a usable delta: {why}.");
}
