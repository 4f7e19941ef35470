using System.Collections.Immutable;

namespace Caisson.Chunks;

/// <summary>
/// The table of units in a delta's head, before compression. For each unit, as varints: encoding, stored bytes, plain bytes, chunks, regions; then for
/// each region, ordered and without overlap, the bytes between it and the one before it, and its bytes.
/// </summary>
internal static class DeltaUnitTable
{
    public const int MaxRowBytes = 25 + (Limits.MaxUnitRegions * 15);

    public static byte[] Encode(ImmutableArray<DeltaUnit> units)
    {
        var bytes = new List<byte>();
        foreach (var unit in units)
        {
            Varint.Append(bytes, (ulong)unit.Encoding);
            Varint.Append(bytes, (ulong)unit.StoredBytes);
            Varint.Append(bytes, (ulong)unit.PlainBytes);
            Varint.Append(bytes, (ulong)unit.ChunkCount);
            Varint.Append(bytes, (ulong)unit.Regions.Length);
            var end = 0L;
            foreach (var region in unit.Regions)
            {
                Varint.Append(bytes, (ulong)(region.Offset - end));
                Varint.Append(bytes, (ulong)region.Bytes);
                end = region.Offset + region.Bytes;
            }
        }

        return [.. bytes];
    }

    /// <param name="offset">Where in the file the first unit's bytes begin.</param>
    /// <exception cref="ChunkException">Invalid.</exception>
    public static ImmutableArray<DeltaUnit> Decode(ReadOnlySpan<byte> table, int count, long baseBytes, long offset)
    {
        var units = ImmutableArray.CreateBuilder<DeltaUnit>();
        for (var i = 0; i < count; i++)
        {
            var encoding = (DeltaEncoding)Number(ref table, int.MaxValue, "encoding");
            Require(Enum.IsDefined(encoding), "a unit has an encoding this version does not know");
            var stored = Number(ref table, Limits.MaxUnitPlainBytes, "size");
            var plain = Number(ref table, Limits.MaxUnitPlainBytes, "size");
            var chunks = Number(ref table, int.MaxValue, "number of chunks");
            Require(plain > 0 && stored > 0 && stored <= plain && chunks > 0, "a unit's size is out of range");
            var regions = ReadRegions(ref table, baseBytes);
            Require(regions.IsEmpty || encoding is not (DeltaEncoding.Stored or DeltaEncoding.Zstd), "a unit names regions it does not use");
            units.Add(new DeltaUnit { Encoding = encoding, Offset = offset, StoredBytes = stored, PlainBytes = plain, ChunkCount = chunks, Regions = regions });
            offset += stored;
        }

        Require(table.IsEmpty, "its table of units has bytes nobody names");
        return units.ToImmutable();
    }

    private static ImmutableArray<DeltaRegion> ReadRegions(ref ReadOnlySpan<byte> table, long baseBytes)
    {
        var count = Number(ref table, Limits.MaxUnitRegions, "number of regions");
        var regions = ImmutableArray.CreateBuilder<DeltaRegion>(count);
        var (end, total) = (0L, 0L);
        for (var i = 0; i < count; i++)
        {
            Require(Varint.TryRead(ref table, out var gap) && gap <= (ulong)baseBytes, "a region leaves the old image");
            var region = new DeltaRegion(end + (long)gap, Number(ref table, Limits.MaxUnitReferenceBytes, "region"));
            Require(region.Bytes > 0 && region.Offset <= baseBytes - region.Bytes, "a region leaves the old image");
            (end, total) = (region.Offset + region.Bytes, total + region.Bytes);
            regions.Add(region);
        }

        Require(total <= Limits.MaxUnitReferenceBytes, "a unit's regions are out of range");
        return regions.MoveToImmutable();
    }

    private static int Number(ref ReadOnlySpan<byte> table, int most, string what)
    {
        Require(Varint.TryRead(ref table, out var value), "its table of units is cut short");
        Require(value <= (ulong)most, $"a unit's {what} is out of range");
        return (int)value;
    }

    private static void Require(bool holds, string why)
    {
        if (!holds)
        {
            throw DeltaFormat.Invalid(why);
        }
    }
}
