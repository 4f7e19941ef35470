using System.Collections.Concurrent;
using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>A complete image is a running machine's plain disk: what this process does beside it never changes what the machine reads.</summary>
public sealed class RunningDiskTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly ConcurrentQueue<FillEvent> _events = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("image.present")]
    [InlineData("image.raw")]
    public async Task A_map_that_does_not_fit_begins_a_new_file_and_leaves_a_running_machine_its_own(string damaged)
    {
        var disk = TestDisk.Content(1, 4_000_000);
        var (store, generation) = await FillAsync(disk);
        await using var machine = File.OpenRead(Path.Combine(_folder["image"], "image.raw"));
        if (damaged == "image.raw")
        {
            File.Delete(Path.Combine(_folder["image"], damaged)); // Removed by hand, its map left.
        }
        else
        {
            var map = await File.ReadAllBytesAsync(Path.Combine(_folder["image"], damaged), Token);
            map[50] ^= 1;
            await File.WriteAllBytesAsync(Path.Combine(_folder["image"], damaged), map, Token);
        }

        await using var image = await OpenAsync(generation, new DirectoryBlobSource(store));

        Assert.Equal(0, image.Status.PresentBytes);
        var seen = new byte[disk.Length];
        await machine.ReadExactlyAsync(seen, Token);
        Assert.Equal(disk, seen);
        await image.FillAsync(() => null, Token);
        Assert.Equal(disk, await File.ReadAllBytesAsync(image.ImageFile, Token));
    }

    [Fact]
    public async Task A_file_that_was_mended_is_closed_and_its_space_free()
    {
        var disk = TestDisk.Content(2, 4_000_000);
        var (store, generation) = await FillAsync(disk);
        await using var image = await OpenAsync(generation, new DirectoryBlobSource(store));
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() => ReadOnAndOn(image, disk, stop.Token), Token);
        for (var round = 0; round < 20; round++)
        {
            Damage(generation, store, round);
            var found = await image.ScrubAsync(long.MaxValue, Token);
            Assert.NotEmpty(found.DamagedChunks);
            await image.MendAsync(found, Token);
        }

        await stop.CancelAsync();
        await reading;
        Assert.DoesNotContain(OpenFiles(), file => file.StartsWith(_folder["image"], StringComparison.Ordinal) && file.Contains("(deleted)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Damage_that_could_not_be_mended_is_found_again_and_ends_no_pass()
    {
        var disk = TestDisk.Content(3, 4_000_000);
        var (store, generation) = await FillAsync(disk);
        Damage(generation, store, 0);
        var time = new HastyTime();
        await using (var image = await OpenAsync(generation, new DeadSource(), time))
        {
            Assert.NotEmpty((await image.ScrubAsync(long.MaxValue, Token)).DamagedChunks);
        }

        await using var again = await OpenAsync(generation, new DeadSource(), time);
        Assert.Null(again.LastScrub);
        var found = await again.ScrubAsync(long.MaxValue, Token);
        Assert.NotEmpty(found.DamagedChunks);

        // The source is away: the mend gives up in time, so that other images are read through too.
        await again.MendAsync(found, Token).WaitAsync(TimeSpan.FromMinutes(1), Token);
        Assert.Null(again.LastScrub);
        Assert.Equal(again.Status.ImageBytes, again.ScrubPass.BytesLeft);
        Assert.NotEmpty((await again.ScrubAsync(long.MaxValue, Token)).DamagedChunks);
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<string> OpenFiles() =>
        new DirectoryInfo("/proc/self/fd").EnumerateFileSystemInfos().Select(entry => entry.LinkTarget).OfType<string>();

    private static void ReadOnAndOn(SelfFillingImage image, byte[] disk, CancellationToken stop)
    {
        var (random, buffer) = (new Random(4), new byte[8192]);
        while (!stop.IsCancellationRequested)
        {
            // Damaged places hold what they hold; what counts is that no read fails.
            Assert.True(image.TryRead(random.Next(disk.Length - buffer.Length), buffer));
        }
    }

    private async Task<(ImageStore Store, StoredGeneration Generation)> FillAsync(byte[] disk)
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await using var image = await OpenAsync(generation, new DirectoryBlobSource(store));
        await image.FillAsync(() => null, Token);
        return (store, generation);
    }

    private void Damage(StoredGeneration generation, ImageStore store, int seed)
    {
        var index = store.ReadIndex(generation.ManifestDigest);
        var extent = new Random(seed).Next(index.Extents.Length);
        using var file = File.OpenHandle(Path.Combine(_folder["image"], "image.raw"), access: FileAccess.ReadWrite, share: FileShare.ReadWrite);
        var first = new byte[1];
        RandomAccess.Read(file, first, index.Extents[extent].Offset);
        RandomAccess.Write(file, [(byte)(first[0] ^ 0x20)], index.Extents[extent].Offset);
    }

    private Task<SelfFillingImage> OpenAsync(StoredGeneration generation, IBlobSource source, TimeProvider? time = null) =>
        SelfFillingImage.OpenAsync(_folder["image"], generation.ManifestDigest, source, time ?? TimeProvider.System, _events.Enqueue, Token);
}
