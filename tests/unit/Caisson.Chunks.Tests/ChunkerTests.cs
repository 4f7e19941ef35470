using CsCheck;

namespace Caisson.Chunks.Tests;

public sealed class ChunkerTests
{
    [Fact]
    public void Chunks_are_within_their_bounds_and_never_hold_a_block_of_zeros() =>
        Gen.Int.Sample(seed =>
        {
            var disk = Disk(seed);
            foreach (var (offset, bytes) in Cut(disk))
            {
                Assert.InRange(bytes, 1, Limits.MaxChunkBytes);
                Assert.Equal(0, offset % Limits.BlockBytes);
                for (var block = offset; block < offset + bytes; block += Limits.BlockBytes)
                {
                    Assert.True(disk.AsSpan(block, Math.Min(Limits.BlockBytes, disk.Length - block)).ContainsAnyExcept((byte)0));
                }
            }
        }, iter: 30);

    [Fact]
    public void Content_that_moved_by_whole_blocks_is_cut_alike_again()
    {
        var disk = Disk(7);
        var moved = new byte[disk.Length + (13 * Limits.BlockBytes)];
        new Random(1).NextBytes(moved.AsSpan(0, 13 * Limits.BlockBytes));
        disk.CopyTo(moved, 13 * Limits.BlockBytes);

        var before = Cut(disk).Select(chunk => ChunkId.Of(disk.AsSpan(chunk.Offset, chunk.Bytes))).ToHashSet();
        var after = Cut(moved).Select(chunk => ChunkId.Of(moved.AsSpan(chunk.Offset, chunk.Bytes))).ToList();

        Assert.True(after.Count(before.Contains) > before.Count * 9 / 10);
    }

    [Fact]
    public void The_average_chunk_of_random_data_is_about_64_KiB()
    {
        var disk = new byte[64 << 20];
        new Random(3).NextBytes(disk);
        Assert.InRange(Cut(disk).Average(chunk => chunk.Bytes), 56 * 1024, 72 * 1024);
    }

    private static byte[] Disk(int seed)
    {
        var random = new Random(seed);
        var disk = new byte[(4 << 20) + random.Next(5000)];
        random.NextBytes(disk);
        for (var i = 0; i < 20; i++)
        {
            var start = random.Next(disk.Length);
            disk.AsSpan(start, Math.Min(random.Next(100_000), disk.Length - start)).Clear();
        }

        return disk;
    }

    private static List<(int Offset, int Bytes)> Cut(byte[] disk)
    {
        var chunks = new List<(int, int)>();
        for (var position = 0; position < disk.Length;)
        {
            position += Chunker.LeadingHole(disk.AsSpan(position));
            if (position < disk.Length)
            {
                var bytes = Chunker.NextLength(disk.AsSpan(position));
                chunks.Add((position, bytes));
                position += bytes;
            }
        }

        return chunks;
    }
}
