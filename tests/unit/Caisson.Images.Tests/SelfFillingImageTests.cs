using System.Collections.Concurrent;

namespace Caisson.Images.Tests;

public sealed class SelfFillingImageTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_read_of_absent_bytes_fetches_them_and_little_more()
    {
        var disk = TestDisk.Content(1, 20_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await using var image = await OpenAsync(generation, new DirectoryBlobSource(store));
        var buffer = new byte[70_000];

        Assert.False(image.Status.IsComplete);
        await image.ReadAsync(9_999_999, buffer, Token);

        Assert.Equal(disk.AsSpan(9_999_999, buffer.Length).ToArray(), buffer);
        Assert.True(image.TryRead(9_999_999, buffer));
        Assert.InRange(image.Status.PresentBytes, 1, 4_000_000);
    }

    [Fact]
    public async Task A_filled_image_is_the_disk_and_opens_without_a_source()
    {
        var disk = TestDisk.Content(2, 10_000_123);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await using (var image = await OpenAsync(generation, new DirectoryBlobSource(store)))
        {
            await image.FillAsync(() => null, Token);
            Assert.True(image.Status.IsComplete);
            Assert.Equal(image.Status.ImageBytes, image.Status.PresentBytes);
        }

        Assert.Equal(disk, await File.ReadAllBytesAsync(System.IO.Path.Combine(_folder["image"], "image.raw"), Token));
        await using var again = await OpenAsync(generation, new DeadSource());
        Assert.True(again.Status.IsComplete);
    }

    [Fact]
    public async Task Many_readers_and_the_filler_at_once_see_only_the_disk()
    {
        var disk = TestDisk.Content(3, 15_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var source = new FaultySource(new DirectoryBlobSource(store)) { Delay = TimeSpan.FromMilliseconds(1) };
        await using var image = await OpenAsync(generation, source);
        var fill = image.FillAsync(() => null, Token);

        await Parallel.ForEachAsync(Enumerable.Range(0, 400), Token, async (seed, token) =>
        {
            var random = new Random(seed);
            var buffer = new byte[random.Next(1, 200_000)];
            var offset = random.Next(disk.Length - buffer.Length);
            await image.ReadAsync(offset, buffer, token);
            Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan(offset, buffer.Length)));
        });
        await fill;

        // Every frame travelled once: readers of a frame on its way waited for it.
        Assert.True(image.Status.WireBytes <= generation.StoredBytes);
    }

    [Fact]
    public async Task Corrupt_bytes_from_the_source_are_fetched_again_and_never_shown()
    {
        var disk = TestDisk.Content(4, 5_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var source = new FaultySource(new DirectoryBlobSource(store));
        await using var image = await OpenAsync(generation, source);
        source.CorruptNext(10);

        var buffer = new byte[disk.Length];
        await image.ReadAsync(0, buffer, Token);

        Assert.True(buffer.AsSpan().SequenceEqual(disk));
        Assert.Contains(_events, e => e is FillEvent.Corrupt);
    }

    [Fact]
    public async Task A_source_that_goes_away_makes_reads_wait_and_never_fail()
    {
        var disk = TestDisk.Content(5, 5_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var source = new FaultySource(new DirectoryBlobSource(store));
        await using var image = await OpenAsync(generation, source);
        source.FailNext(4);

        var buffer = new byte[100_000];
        var read = image.ReadAsync(1_000_000, buffer, Token).AsTask();
        await read;

        Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan(1_000_000, buffer.Length)));
        Assert.Contains(_events, e => e is FillEvent.SourceAway);
        Assert.Contains(_events, e => e is FillEvent.Recovered);
        Assert.Null(image.Status.Problem);
    }

    [Fact]
    public async Task A_trouble_of_many_attempts_is_said_once_and_its_end_once()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(9, 500_000));
        var source = new FaultySource(new DirectoryBlobSource(store));
        await using var image = await SelfFillingImage.OpenAsync(_folder["image"], generation.ManifestDigest, source, new HastyTime(), _events.Enqueue, Token);
        source.FailNext(30);

        await image.ReadAsync(0, new byte[100_000], Token);

        Assert.Single(_events.OfType<FillEvent.SourceAway>());
        Assert.Single(_events.OfType<FillEvent.Recovered>());
    }

    [Fact]
    public async Task A_paused_filler_does_not_hold_demand_reads()
    {
        var disk = TestDisk.Content(6, 5_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await using var image = await OpenAsync(generation, new DirectoryBlobSource(store));
        using var stop = new CancellationTokenSource();
        var fill = image.FillAsync(() => 0, stop.Token);

        var buffer = new byte[300_000];
        await image.ReadAsync(2_000_000, buffer, Token);

        Assert.True(buffer.AsSpan().SequenceEqual(disk.AsSpan(2_000_000, buffer.Length)));
        Assert.False(image.Status.IsComplete);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fill);
    }

    [Fact]
    public async Task The_filler_keeps_its_rate_and_demand_reads_do_not()
    {
        const int rate = 512 * 1024;
        var disk = new byte[8 << 20];
        new Random(6).NextBytes(disk); // Nothing to compress: bytes on the wire are bytes of the disk.
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var source = new CountingSource(new DirectoryBlobSource(store));
        await using var image = await OpenAsync(generation, source);
        var opened = source.Bytes;
        using var stop = new CancellationTokenSource();
        var begun = TimeProvider.System.GetTimestamp();
        var fill = image.FillAsync(() => rate, stop.Token);

        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (image.Status.PresentBytes < 3 * rate && await tick.WaitForNextTickAsync(Token))
        {
            // Three seconds' worth by the filler alone.
        }

        // One second's worth may go ahead of its time.
        var filled = source.Bytes - opened;
        Assert.True(filled <= rate * (2 + TimeProvider.System.GetElapsedTime(begun).TotalSeconds), $"The filler asked for {filled} bytes.");

        begun = TimeProvider.System.GetTimestamp();
        var whole = new byte[disk.Length];
        await image.ReadAsync(0, whole, Token);
        var took = TimeProvider.System.GetElapsedTime(begun);
        Assert.Equal(disk, whole);
        Assert.True(took < (disk.Length - filled) / rate * TimeSpan.FromSeconds(0.5), $"The reads took {took}, as if they had the filler's rate.");
        await stop.CancelAsync();
        await Task.WhenAny(fill); // It may have seen that nothing is left, or that it was stopped.
    }

    [Fact]
    public async Task What_was_present_is_present_after_a_restart_and_a_damaged_map_costs_only_bytes()
    {
        var disk = TestDisk.Content(7, 5_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        var buffer = new byte[100_000];
        await using (var image = await OpenAsync(generation, new DirectoryBlobSource(store)))
        {
            await image.ReadAsync(1_000_000, buffer, Token);
        }

        await using (var image = await OpenAsync(generation, new DeadSource()))
        {
            Assert.True(image.TryRead(1_000_000, buffer));
        }

        var map = System.IO.Path.Combine(_folder["image"], "image.present");
        var bytes = await File.ReadAllBytesAsync(map, Token);
        bytes[60] ^= 1;
        await File.WriteAllBytesAsync(map, bytes, Token);
        await using (var image = await OpenAsync(generation, new DirectoryBlobSource(store)))
        {
            Assert.Equal(0, image.Status.PresentBytes);
            await image.FillAsync(() => null, Token);
        }

        Assert.Equal(disk, await File.ReadAllBytesAsync(System.IO.Path.Combine(_folder["image"], "image.raw"), Token));
    }

    [Fact]
    public async Task Extents_cover_what_is_asked_and_call_only_zeros_holes()
    {
        var disk = TestDisk.Content(8, 5_000_000);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);
        await using var image = await OpenAsync(generation, new DirectoryBlobSource(store));

        var position = 12_345L;
        foreach (var extent in image.GetExtents(position, disk.Length - position))
        {
            var bytes = disk.AsSpan((int)position, (int)extent.Length);
            Assert.True(!extent.IsHole || !bytes.ContainsAnyExcept((byte)0));
            position += extent.Length;
        }

        Assert.Equal(disk.Length, position);
    }

    public void Dispose() => _folder.Dispose();

    private readonly ConcurrentQueue<FillEvent> _events = new();

    private Task<SelfFillingImage> OpenAsync(StoredGeneration generation, IBlobSource source) =>
        SelfFillingImage.OpenAsync(_folder["image"], generation.ManifestDigest, source, TimeProvider.System, _events.Enqueue, Token);
}
