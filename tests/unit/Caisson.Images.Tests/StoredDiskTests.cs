using Caisson.Chunks;

namespace Caisson.Images.Tests;

public sealed class StoredDiskTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Reads_at_any_place_give_the_disk_also_from_many_threads()
    {
        var (disk, served, _) = await MakeAsync();
        using (served)
        {
            Parallel.For(0, 8, seed =>
            {
                var random = new Random(seed);
                for (var i = 0; i < 100; i++)
                {
                    var offset = random.Next(disk.Length);
                    var buffer = new byte[random.Next(1, Math.Min(1_000_000, disk.Length - offset + 1))];
                    Assert.True(served.TryRead(offset, buffer));
                    Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan(offset, buffer.Length)));
                }
            });
        }
    }

    [Fact]
    public async Task Its_runs_cover_the_disk_and_what_is_a_hole_reads_as_zero()
    {
        var (disk, served, _) = await MakeAsync();
        using (served)
        {
            for (var position = 0L; position < disk.Length;)
            {
                foreach (var run in served.GetExtents(position, disk.Length - position))
                {
                    Assert.True(run.Length > 0);
                    Assert.Equal(run.IsHole, !disk.AsSpan((int)position, (int)run.Length).ContainsAnyExcept((byte)0));
                    position += run.Length;
                }
            }
        }
    }

    [Fact]
    public async Task A_frame_that_is_damaged_is_never_given_and_one_that_is_mended_is()
    {
        var (disk, served, pack) = await MakeAsync();
        using (served)
        {
            var sound = await File.ReadAllBytesAsync(pack, TestContext.Current.CancellationToken);
            var damaged = (byte[])sound.Clone();
            damaged.AsSpan(16).Fill(0x55);
            await File.WriteAllBytesAsync(pack, damaged, TestContext.Current.CancellationToken);
            var buffer = new byte[disk.Length];
            Assert.Throws<ChunkException>(() => served.TryRead(0, buffer));
            await File.WriteAllBytesAsync(pack, sound, TestContext.Current.CancellationToken);
            Assert.True(served.TryRead(0, buffer));
            Assert.True(buffer.AsSpan().SequenceEqual(disk));
        }
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(byte[] Disk, StoredDisk Served, string FirstPack)> MakeAsync()
    {
        var disk = TestDisk.Content(21, 6_000_123);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var index = store.ReadIndex(generation.ManifestDigest);
        return (disk, new StoredDisk(store, index), store.BlobPath(index.Packs[0].Id.Digest));
    }
}
