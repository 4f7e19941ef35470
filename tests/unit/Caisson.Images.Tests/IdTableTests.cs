using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>Alone: what other tests allocate meanwhile would count as the table's.</summary>
[CollectionDefinition(nameof(IdTableTests), DisableParallelization = true)]
[Collection(nameof(IdTableTests))]
public sealed class IdTableTests
{
    [Fact]
    public void What_was_added_is_found_and_nothing_else_and_a_number_can_be_replaced()
    {
        var ids = Enumerable.Range(0, 200_000).Select(Id).ToArray();
        var table = new IdTable(number => ids[number & int.MaxValue]);
        for (var i = 0; i < 100_000; i++)
        {
            Assert.False(table.TryFind(ids[i], out _));
            table.Add(ids[i], (uint)i);
        }

        for (var i = 0; i < ids.Length; i++)
        {
            Assert.Equal(i < 100_000, table.TryFind(ids[i], out var number));
            Assert.Equal(i < 100_000 ? (uint)i : 0, number);
        }

        table.Replace(ids[5], 5, (1u << 31) | 5);
        Assert.True(table.TryFind(ids[5], out var replaced));
        Assert.Equal((1u << 31) | 5, replaced);
    }

    [Fact]
    public void Ids_that_share_the_bits_in_the_table_are_told_apart_by_the_file()
    {
        var bytes = new byte[ChunkId.Size];
        var first = new ChunkId(bytes);
        bytes[31] = 1;
        var second = new ChunkId(bytes);
        var table = new IdTable(number => number == 0 ? first : second);
        table.Add(first, 0);
        Assert.False(table.TryFind(second, out _));
        table.Add(second, 1);
        Assert.True(table.TryFind(second, out var number));
        Assert.Equal(1u, number);
    }

    [Fact]
    public void It_takes_twelve_bytes_of_memory_for_each_id()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var table = new IdTable(_ => default);
        for (var i = 0; i < 2_000_000; i++)
        {
            table.TryAdd(Id(i), (uint)i);
        }

        var bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / 2_000_000.0;
        GC.KeepAlive(table);
        Assert.True(bytes < 12.5, $"{bytes:0.0} bytes each");
    }

    private static ChunkId Id(int number)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.Size];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, System.IO.Hashing.XxHash3.HashToUInt64(BitConverter.GetBytes(number)));
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], number);
        return new ChunkId(bytes);
    }
}
