using System.Buffers.Binary;

namespace Caisson.Chunks.Tests;

public sealed class DeltaFormatTests
{
    private const long BaseBytes = 10_000_000;

    private static readonly DeltaUnit Unit = new() { Encoding = DeltaEncoding.ZstdPrefix, StoredBytes = 900, PlainBytes = 70_000, ChunkCount = 2, Regions = [new(0, 100), new(4096, 65536)] };

    [Fact]
    public void What_is_encoded_decodes_to_the_same()
    {
        var head = Head(Unit, Unit with { Encoding = DeltaEncoding.Stored, StoredBytes = 70_000, Regions = [] });
        var bytes = DeltaFormat.EncodeHead(head);
        var again = DeltaFormat.DecodeHead(bytes);

        Assert.Equal((head.BaseContent, head.BaseBytes, head.TargetIndex, head.IndexPlainBytes), (again.BaseContent, again.BaseBytes, again.TargetIndex, again.IndexPlainBytes));
        Assert.Equal(head.IndexStored.ToArray(), again.IndexStored.ToArray());
        Assert.Equal([bytes.Length, bytes.Length + 900], again.Units.Select(unit => unit.Offset));
        Assert.Equal(head.Units.Select(unit => (unit.Encoding, unit.StoredBytes, unit.PlainBytes, unit.ChunkCount)), again.Units.Select(unit => (unit.Encoding, unit.StoredBytes, unit.PlainBytes, unit.ChunkCount)));
        Assert.Equal(Unit.Regions, again.Units[0].Regions);
    }

    [Fact]
    public void Every_flipped_bit_and_every_cut_is_refused()
    {
        var bytes = DeltaFormat.EncodeHead(Head(Unit));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(ChunkError.Invalid, Assert.Throws<ChunkException>(() => DeltaFormat.DecodeHead(bytes)).Error);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<ChunkException>(() => DeltaFormat.DecodeHead(bytes.AsMemory(0, length)));
        }
    }

    [Fact]
    public void Every_flipped_bit_with_a_mended_checksum_is_refused_or_stays_in_range()
    {
        var bytes = DeltaFormat.EncodeHead(Head(Unit, Unit));
        for (var bit = 0; bit < (bytes.Length - ChunkId.Size) * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Seal(bytes);
            try
            {
                AssertInRange(DeltaFormat.DecodeHead(bytes));
            }
            catch (ChunkException)
            {
                // Refused is as good.
            }

            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Every_extreme_number_anywhere_is_refused_or_stays_in_range()
    {
        var whole = DeltaFormat.EncodeHead(Head(Unit, Unit));
        foreach (var value in (uint[])[0, 1, int.MaxValue, 0x80000000, uint.MaxValue, uint.MaxValue - 143])
        {
            for (var at = 8; at <= whole.Length - ChunkId.Size - 4; at += 4)
            {
                var bytes = (byte[])whole.Clone();
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
                Seal(bytes);
                try
                {
                    AssertInRange(DeltaFormat.DecodeHead(bytes));
                }
                catch (ChunkException)
                {
                    // Refused is as good.
                }
            }
        }
    }

    [Fact]
    public void Numbers_out_of_range_are_refused()
    {
        Refused(Unit with { StoredBytes = 0 });
        Refused(Unit with { StoredBytes = 70_001 });
        Refused(Unit with { PlainBytes = Limits.MaxUnitPlainBytes + 1 });
        Refused(Unit with { PlainBytes = 0 });
        Refused(Unit with { ChunkCount = 0 });
        Refused(Unit with { ChunkCount = -1 });
        Refused(Unit with { Encoding = (DeltaEncoding)6 });
        Refused(Unit with { Encoding = DeltaEncoding.Zstd });
        Refused(Unit with { Regions = [new(BaseBytes - 50, 100)] });
        Refused(Unit with { Regions = [new(-1, 100)] });
        Refused(Unit with { Regions = [new(long.MaxValue, 100)] });
        Refused(Unit with { Regions = [new(4096, 100), new(0, 100)] });
        Refused(Unit with { Regions = [new(0, 100), new(50, 100)] });
        Refused(Unit with { Regions = [new(0, 0)] });
        Refused(Unit with { Regions = [new(0, Limits.MaxUnitReferenceBytes + 1)] });
        Refused(Unit with { Regions = [.. Enumerable.Range(0, Limits.MaxUnitRegions + 1).Select(i => new DeltaRegion(2 * i, 1))] });
        Refused(Unit with { Regions = [new(0, Limits.MaxUnitReferenceBytes), new(Limits.MaxUnitReferenceBytes, 1)] });
    }

    [Fact]
    public void An_unknown_major_version_is_refused_by_name()
    {
        var bytes = DeltaFormat.EncodeHead(Head(Unit));
        bytes[8] = 3;
        Assert.Contains("version 3", Assert.Throws<ChunkException>(() => DeltaFormat.HeadBytes(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_longer_header_of_a_higher_minor_version_is_skipped()
    {
        const int added = 24;
        var known = DeltaFormat.EncodeHead(Head(Unit));
        byte[] bytes = [.. known.AsSpan(0, DeltaFormat.HeaderBytes), .. new byte[added], .. known.AsSpan(DeltaFormat.HeaderBytes)];
        bytes[10] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), DeltaFormat.HeaderBytes + added);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), bytes.Length);
        Seal(bytes);

        var head = DeltaFormat.DecodeHead(bytes);
        Assert.Equal(new byte[] { 1, 2, 3 }, head.IndexStored.ToArray());
        Assert.Equal(bytes.Length, Assert.Single(head.Units).Offset);
    }

    private static void Refused(DeltaUnit unit) =>
        Assert.Equal(ChunkError.Invalid, Assert.Throws<ChunkException>(() => DeltaFormat.DecodeHead(DeltaFormat.EncodeHead(Head(unit)))).Error);

    private static void Seal(byte[] bytes) => ChunkId.Of(bytes.AsSpan(..^ChunkId.Size)).WriteTo(bytes.AsSpan(^ChunkId.Size..));

    /// <summary>What a reader allocates and reads by.</summary>
    private static void AssertInRange(DeltaHead head)
    {
        Assert.InRange(head.BaseBytes, 0, Limits.MaxImageBytes);
        Assert.InRange(head.IndexPlainBytes, 0, Limits.MaxIndexBytes);
        foreach (var unit in head.Units)
        {
            Assert.InRange(unit.PlainBytes, 1, Limits.MaxUnitPlainBytes);
            Assert.InRange(unit.StoredBytes, 1, unit.PlainBytes);
            Assert.InRange(unit.Regions.Length, 0, Limits.MaxUnitRegions);
            Assert.InRange(unit.Regions.Sum(region => (long)region.Bytes), 0, Limits.MaxUnitReferenceBytes);
            Assert.All(unit.Regions, region => Assert.True(region.Bytes > 0 && region.Offset >= 0 && region.Offset + region.Bytes <= head.BaseBytes));
        }
    }

    private static DeltaHead Head(params DeltaUnit[] units) => new()
    {
        BaseContent = ChunkId.Of("base"u8),
        BaseBytes = BaseBytes,
        TargetIndex = ChunkId.Of("target"u8),
        IndexEncoding = IndexEncoding.ZstdPrefix,
        IndexPlainBytes = 5000,
        IndexStored = new byte[] { 1, 2, 3 },
        Units = [.. units],
    };
}
