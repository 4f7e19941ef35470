using Caisson.Chunks;
using CsCheck;

namespace Caisson.Images.Tests;

/// <summary>The presence map against a disk that loses what was not synced, whenever the power goes.</summary>
public sealed class PowerCutTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Whenever_the_power_goes_the_map_claims_no_chunk_that_is_not_whole()
    {
        var disk = TestDisk.Content(1, 2_000_123);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var index = store.ReadIndex(generation.ManifestDigest);
        var manifest = ChunkId.ParseDigest(generation.ManifestDigest);

        await Gen.Select(Gen.Int, Gen.Int[0, 400]).SampleAsync(async (seed, life) =>
        {
            var (bytes, map) = await FillUntilCutAsync(index, manifest, disk, seed, life);

            var present = new PresenceMap(index);
            Assert.True(map.Length == 0 || present.TryLoad(map, manifest));
            for (var extent = 0; extent < index.Extents.Length; extent++)
            {
                if (present.HasExtent(extent))
                {
                    var (offset, length) = ((int)index.Extents[extent].Offset, index.ExtentBytes(extent));
                    Assert.True(bytes.AsSpan(offset, length).SequenceEqual(disk.AsSpan(offset, length)), $"Extent {extent} is claimed and not whole.");
                }
            }
        }, iter: 300);
    }

    [Fact]
    public async Task What_a_checkpoint_had_made_durable_is_there_after_the_cut()
    {
        var disk = TestDisk.Content(2, 2_000_123);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var index = store.ReadIndex(generation.ManifestDigest);
        var manifest = ChunkId.ParseDigest(generation.ManifestDigest);
        var simulated = new SimulatedDisk(disk.Length, new Random(3));
        var present = new PresenceMap(index);
        var placement = new ChunkPlacement(index, new FrameMap(index), present, simulated);
        using var checkpoint = new Checkpoint(present, simulated, manifest);
        for (var chunk = 0; chunk < index.Chunks.Length / 2; chunk++)
        {
            placement.Write(chunk, Plain(index, disk, chunk));
        }

        var durable = await checkpoint.SaveAsync();
        for (var chunk = index.Chunks.Length / 2; chunk < index.Chunks.Length; chunk++)
        {
            placement.Write(chunk, Plain(index, disk, chunk));
        }

        var after = new PresenceMap(index);
        Assert.True(after.TryLoad(simulated.Map, manifest));
        Assert.Equal(durable, after.PresentBytes);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Chunks in any order, checkpoints at any time between them, some chunks found damaged and written again.</summary>
    private static async Task<(byte[] Bytes, byte[] Map)> FillUntilCutAsync(ImageIndex index, ChunkId manifest, byte[] disk, int seed, int life)
    {
        var random = new Random(seed);
        var simulated = new SimulatedDisk(disk.Length, random) { Life = life };
        var present = new PresenceMap(index);
        var map = new FrameMap(index);
        var placement = new ChunkPlacement(index, map, present, simulated);
        using var checkpoint = new Checkpoint(present, simulated, manifest);
        try
        {
            foreach (var chunk in Enumerable.Range(0, index.Chunks.Length).OrderBy(_ => random.Next()))
            {
                placement.Write(chunk, Plain(index, disk, chunk));
                if (random.Next(6) == 0)
                {
                    await checkpoint.SaveAsync();
                }

                if (random.Next(10) == 0)
                {
                    // Found damaged: out of the saved map first, then anything may stand in its place for a while.
                    present.Unmark(map.ExtentsOf(chunk)[0]);
                    await checkpoint.SaveAsync();
                    simulated.Write(index.Extents[map.ExtentsOf(chunk)[0]].Offset, new byte[index.Chunks[chunk].Bytes]);
                    placement.Write(chunk, Plain(index, disk, chunk));
                }
            }

            await checkpoint.SaveAsync();
        }
        catch (SimulatedDisk.PowerCutException)
        {
            // The test is what is left.
        }

        return (simulated.CutPower(), simulated.Map);
    }

    private static ReadOnlySpan<byte> Plain(ImageIndex index, byte[] disk, int chunk)
    {
        var extent = index.Extents.First(e => e.Chunk == chunk);
        return disk.AsSpan((int)extent.Offset, index.Chunks[chunk].Bytes);
    }
}
