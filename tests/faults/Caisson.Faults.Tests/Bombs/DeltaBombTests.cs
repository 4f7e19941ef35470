using System.Buffers.Binary;
using Caisson.Chunks;
using Caisson.Fuzz;

namespace Caisson.Faults.Tests.Bombs;

/// <summary>
/// Deltas that ask for much. Nobody signs a delta, so all it says of sizes is held against what the new generation's manifest says of its index, before
/// anything is allocated. Each begins as a delta that is taken, and its numbers reach the check they are for.
/// </summary>
public sealed class DeltaBombTests
{
    private const int TablePlainAt = 64;
    private const int TableStoredAt = 68;
    private const int UnitCountAt = 132;

    private static readonly byte[] OldContent = DeltaParsers.Content.Encode();

    [Fact]
    public void The_delta_they_are_made_from_is_taken()
    {
        var head = DeltaFormat.DecodeHead(Sealed(Body(IndexEncoding.Columns)), DeltaParsers.MostIndexBytes);
        Assert.Equal(ChunkParsers.SampleIndex().Encode(), head.DecodeIndex(OldContent, DeltaParsers.MostIndexBytes));
    }

    [Theory]
    [InlineData(IndexEncoding.Zstd)]
    [InlineData(IndexEncoding.ZstdPrefix)]
    [InlineData(IndexEncoding.Columns)]
    public void An_index_that_decodes_to_a_gigabyte_is_refused_by_the_size_in_the_manifest(IndexEncoding encoding)
    {
        var head = HeadOf(encoding, [], Limits.MaxIndexBytes);
        Refusal.Of<ChunkException>(() => DeltaFormat.DecodeHead(head, DeltaParsers.MostIndexBytes));
        var trusting = DeltaFormat.DecodeHead(head);
        Refusal.Of<ChunkException>(() => trusting.DecodeIndex(OldContent, DeltaParsers.MostIndexBytes));
    }

    /// <summary>Each count is below the bytes that are left, all of which are there: only their sum, and the manifest, can refuse them.</summary>
    [Theory]
    [InlineData(1_000_000, 0, 0, 0)]
    [InlineData(0, 1_000_000, 0, 0)]
    [InlineData(0, 0, 1_000_000, 0)]
    [InlineData(0, 0, 0, 1_000_000)]
    [InlineData(500_000, 500_000, 500_000, 500_000)]
    public void Rows_by_the_million_in_an_index_of_a_few_bytes_are_refused(int packs, int frames, int chunks, int extents)
    {
        var counts = new List<byte>();
        foreach (var number in (int[])[1 << 20, packs, frames, chunks, extents])
        {
            Varint.Append(counts, (ulong)number);
        }

        // Encoded a row is smaller than in the index: the manifest's size leaves room for the columns and not for the rows.
        var head = HeadOf(IndexEncoding.Columns, [.. counts], 10 << 20);
        var decoded = DeltaFormat.DecodeHead(head, 10 << 20);
        Refusal.Of<ChunkException>(() => decoded.DecodeIndex(OldContent, 10 << 20));
        Refusal.Of<ChunkException>(() => IndexColumns.Decode(DeltaParsers.Content, [.. counts, .. new byte[1 << 20]], 1 << 20));
    }

    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(0x7fff_ffffu)]
    [InlineData(0x0fff_ffffu)]
    [InlineData(50_000_000u)]
    public void A_number_of_units_that_no_index_of_this_size_has_is_refused(uint units)
    {
        var body = Body(IndexEncoding.Columns);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(UnitCountAt), units);
        Refusal.Of<ChunkException>(() => DeltaFormat.DecodeHead(Sealed(body), DeltaParsers.MostIndexBytes));
    }

    /// <summary>Some ten kilobytes of delta, 53 million units of five bytes.</summary>
    [Fact]
    public void A_table_of_units_that_decodes_to_256_MiB_of_rows_is_refused()
    {
        const int Units = Limits.MaxUnitTableBytes / 5;
        var head = WithTable(ZstdBomb.Make([], Units * 5, filling: 1), Units * 5, Units);
        Assert.InRange(head.Length, 1, 20_000);
        Refusal.Of<ChunkException>(() => DeltaFormat.DecodeHead(head, DeltaParsers.MostIndexBytes));
    }

    /// <summary>As many units as the index allows, each said to have as many regions as a row may: the table itself is out of proportion.</summary>
    [Fact]
    public void A_table_of_units_larger_than_its_units_can_fill_is_refused()
    {
        var head = WithTable(ZstdBomb.Make([], Limits.MaxUnitTableBytes, filling: 1), Limits.MaxUnitTableBytes, 1000);
        Refusal.Of<ChunkException>(() => DeltaFormat.DecodeHead(head, DeltaParsers.MostIndexBytes));
    }

    [Theory]
    [InlineData(IndexEncoding.Zstd)]
    [InlineData(IndexEncoding.Columns)]
    public void A_number_out_of_range_in_any_field_of_the_header_is_refused(IndexEncoding encoding)
    {
        var body = Body(encoding);
        foreach (var at in (int[])[12, TablePlainAt, TableStoredAt, 120, 124, 128, UnitCountAt])
        {
            foreach (var value in (uint[])[uint.MaxValue, 0x7fff_ffff, 0x8000_0000, 0x4000_0001])
            {
                var bytes = (byte[])body.Clone();
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), value);
                Refusal.Of<ChunkException>(() => DeltaFormat.DecodeHead(Sealed(bytes), DeltaParsers.MostIndexBytes));
            }
        }
    }

    private static byte[] Body(IndexEncoding encoding) => DeltaParsers.Head.Seeds().ElementAt((int)encoding - 1);

    private static byte[] HeadOf(IndexEncoding encoding, byte[] start, int plainBytes) =>
        DeltaParsers.MakeHead(encoding, ZstdBomb.Make(start, plainBytes), plainBytes, ChunkId.Of("index"u8));

    /// <summary>The head with another table of units.</summary>
    private static byte[] WithTable(byte[] table, int plainBytes, int units)
    {
        var body = Body(IndexEncoding.Columns);
        var stored = BinaryPrimitives.ReadInt32LittleEndian(body.AsSpan(TableStoredAt));
        var bytes = (byte[])[.. body.AsSpan(..^stored), .. table];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(TablePlainAt), plainBytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(TableStoredAt), table.Length);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(UnitCountAt), units);
        return Sealed(bytes);
    }

    /// <summary>With the length and the checksum that belong to it, so that the numbers themselves are judged.</summary>
    private static byte[] Sealed(byte[] body)
    {
        var bytes = (byte[])[.. body, .. new byte[ChunkId.Size]];
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), bytes.Length);
        ChunkId.Of(bytes.AsSpan(..^ChunkId.Size)).WriteTo(bytes.AsSpan(^ChunkId.Size..));
        return bytes;
    }
}
