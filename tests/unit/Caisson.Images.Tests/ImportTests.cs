using Caisson.Chunks;

namespace Caisson.Images.Tests;

public sealed class ImportTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(4095)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(300_000)]
    [InlineData(20_000_001)]
    public async Task What_is_imported_comes_out_again(int bytes)
    {
        var disk = TestDisk.Content(bytes, bytes);
        var (store, generation) = await TestDisk.ImportAsync(_folder, disk);

        await store.ExportAsync(generation.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);

        Assert.Equal(disk, await File.ReadAllBytesAsync(_folder["out.raw"], Token));
        Assert.Equal(generation with { AddedBytes = null, FreeSpace = null }, Assert.Single(store.List()));
    }

    [Fact]
    public async Task Level_0_stores_the_chunks_as_they_are()
    {
        var disk = TestDisk.Content(5, 3_000_000);
        await File.WriteAllBytesAsync(_folder["disk.raw"], disk, Token);
        var store = ImageStore.Open(_folder["plain"]);

        var plain = await store.ImportAsync(new ImportRequest { File = _folder["disk.raw"], Name = "work", Format = ImageFormat.Raw, CompressionLevel = 0 }, TimeProvider.System, null, Token);

        Assert.All(store.ReadIndex(plain.ManifestDigest).Frames, frame => Assert.Equal((FrameEncoding.Stored, frame.PlainBytes), (frame.Encoding, frame.StoredBytes)));
        await store.ExportAsync(plain.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.Equal(disk, await File.ReadAllBytesAsync(_folder["out.raw"], Token));
    }

    [Fact]
    public async Task A_second_generation_stores_only_what_is_new()
    {
        var disk = TestDisk.Content(1, 12_000_000);
        var (_, first) = await TestDisk.ImportAsync(_folder, disk);
        var (store, second) = await TestDisk.ImportAsync(_folder, TestDisk.Updated(disk, 2));

        Assert.Equal((1, 2), (first.Number, second.Number));
        Assert.True(second.AddedBytes < first.AddedBytes / 2, $"{second.AddedBytes} of {first.AddedBytes}");
        await store.ExportAsync(second.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.Equal(TestDisk.Updated(disk, 2), await File.ReadAllBytesAsync(_folder["out.raw"], Token));
    }

    [Fact]
    public async Task A_sparse_and_a_full_copy_of_a_disk_give_the_same_chunks()
    {
        var disk = new byte[40 << 20];
        TestDisk.Content(3, 2_000_000).CopyTo(disk, 10 << 20);
        var (_, full) = await TestDisk.ImportAsync(_folder, disk);
        var sparse = _folder["sparse.raw"];
        await using (var file = File.Create(sparse))
        {
            file.SetLength(disk.Length);
            file.Position = 10 << 20;
            await file.WriteAsync(disk.AsMemory(10 << 20, 2_000_000), Token);
        }

        var store = ImageStore.Open(_folder["other"]);
        var second = await store.ImportAsync(new ImportRequest { File = sparse, Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, Token);

        var (left, right) = (ImageStore.Open(_folder["store"]).ReadIndex(full.ManifestDigest), store.ReadIndex(second.ManifestDigest));
        Assert.Equal(left.Extents, right.Extents);
        Assert.Equal(left.Chunks.Select(chunk => chunk.Id), right.Chunks.Select(chunk => chunk.Id));
    }

    [Fact]
    public async Task A_cancelled_import_leaves_the_store_as_it_was()
    {
        var (store, first) = await TestDisk.ImportAsync(_folder, TestDisk.Content(4));
        var before = Directory.GetFiles(_folder["store"], "*", SearchOption.AllDirectories).Order().ToArray();
        var file = _folder["big.raw"];
        await File.WriteAllBytesAsync(file, TestDisk.Content(5, 30_000_000), Token);
        using var stop = new CancellationTokenSource();
        var progress = new StopAt(stop, 12_000_000);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            store.ImportAsync(new ImportRequest { File = file, Name = "work", Format = ImageFormat.Raw }, new EagerClock(), progress, stop.Token));

        // But for what the same import goes on from.
        Assert.Equal(before, Directory.GetFiles(_folder["store"], "*", SearchOption.AllDirectories).Where(path => !path.Contains("import-raw", StringComparison.Ordinal)).Order());
        Assert.Equal([first.ManifestDigest], store.List().Select(generation => generation.ManifestDigest));
    }

    public void Dispose() => _folder.Dispose();

    private sealed class StopAt(CancellationTokenSource stop, long bytes) : IProgress<ImageProgress>
    {
        public void Report(ImageProgress value)
        {
            if (value.DoneBytes >= bytes)
            {
                stop.Cancel();
            }
        }
    }

    /// <summary>Every look at this clock is a second later, so that progress is reported each time.</summary>
    private sealed class EagerClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref _ticks);
    }
}
