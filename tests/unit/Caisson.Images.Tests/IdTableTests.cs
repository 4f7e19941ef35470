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

    /// <summary>Whoever may push an index may claim any ids. Unsalted, each of these would be looked for past all those before it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(28)]
    public void Ids_that_differ_in_few_bits_are_found_as_fast_as_any_others(int differAt)
    {
        var ids = Enumerable.Range(0, 200_000).Select(number => Similar(number, differAt)).ToArray();
        var asked = 0;
        var table = new IdTable(number =>
        {
            asked++;
            return ids[number];
        });
        var begun = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < ids.Length; i++)
        {
            Assert.False(table.TryFind(ids[i], out _));
            table.Add(ids[i], (uint)i);
        }

        Assert.All(Enumerable.Range(0, ids.Length), i => Assert.True(table.TryFind(ids[i], out var number) && number == i));

        // Linear probes of them all would be 2 × 10^10 steps, half a minute and more; other ids are read to settle a match hardly ever.
        Assert.InRange(TimeProvider.System.GetElapsedTime(begun), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.InRange(asked, ids.Length, ids.Length + 100);
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

    private static ChunkId Similar(int number, int differAt)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.Size];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes[differAt..], number);
        return new ChunkId(bytes);
    }

    private static ChunkId Id(int number)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.Size];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes, System.IO.Hashing.XxHash3.HashToUInt64(BitConverter.GetBytes(number)));
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(bytes[8..], number);
        return new ChunkId(bytes);
    }
}
