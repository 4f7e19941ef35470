using Caisson.Chunks;

namespace Caisson.Images.Tests;

public sealed class GarbageTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_removed_generation_gives_back_what_only_it_needed_and_the_others_stay_whole()
    {
        var disk = TestDisk.Content(1, 12_000_000);
        var (store, first) = await TestDisk.ImportAsync(_folder, disk);
        var (_, second) = await TestDisk.ImportAsync(_folder, TestDisk.Updated(disk, 2));
        await store.CreateDeltaAsync(first.ManifestDigest, second.ManifestDigest, TimeProvider.System, null, Token);
        Assert.Equal(new GarbageResult(0, 0, 0, 0), await CollectAsync(store));

        Assert.True(await store.RemoveAsync("work", 1, Token));
        Assert.False(await store.RemoveAsync("work", 1, Token));
        var before = Bytes(store);
        var foreseen = await store.CollectGarbageAsync(isDry: true, TimeProvider.System, null, Token);
        Assert.Equal(before, Bytes(store));
        Assert.Equal(foreseen, await CollectAsync(store));

        Assert.Equal(before - foreseen.Bytes, Bytes(store));
        Assert.True(foreseen.Bytes > 0);
        Assert.Equal([second with { AddedBytes = null, FreeSpace = null }], store.List());
        await AssertWholeAsync(store, second, TestDisk.Updated(disk, 2));
        Assert.Equal(new GarbageResult(0, 0, 0, 0), await CollectAsync(store));
    }

    [Fact]
    public async Task What_somebody_reads_stays_until_he_has_read_it()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(2));
        using (await store.LeaseAsync(generation.ManifestDigest, Token))
        {
            await store.RemoveAsync("work", 1, Token);
            var kept = await CollectAsync(store);
            Assert.Equal(0, kept.Blobs);
            Assert.True(kept.KeptBlobs > 2);
            Assert.NotEmpty(store.ReadIndex(generation.ManifestDigest).Chunks);
        }

        Assert.True((await CollectAsync(store)).Blobs > 2);
        Assert.Equal(0, Bytes(store));
        Assert.Empty(Directory.GetFiles(Path.Combine(store.Directory, "tmp"), "reading-*"));
    }

    [Fact]
    public async Task A_blob_that_is_pushed_stays_until_a_manifest_names_it_or_a_day_has_passed()
    {
        var store = ImageStore.Open(_folder["store"]);
        var bytes = new byte[1000];
        var digest = ChunkId.Of(bytes).Digest;
        await store.PutBlobAsync(digest, new MemoryStream(bytes), Token);
        Assert.Equal(new GarbageResult(0, 0, 1, 1000), await CollectAsync(store));

        File.SetLastWriteTimeUtc(Path.Combine(store.Directory, "tmp", "pushed", digest[7..]), TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-2));
        Assert.True(store.HoldForPush(digest, TimeProvider.System));
        Assert.Equal(new GarbageResult(0, 0, 1, 1000), await CollectAsync(store));

        File.SetLastWriteTimeUtc(Path.Combine(store.Directory, "tmp", "pushed", digest[7..]), TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-2));
        Assert.Equal(new GarbageResult(1, 1000, 0, 0), await CollectAsync(store));
        Assert.False(store.HoldForPush(digest, TimeProvider.System));
    }

    [Fact]
    public async Task Nothing_is_taken_while_nobody_can_tell_what_is_needed()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(3));
        var before = Bytes(store);
        var manifest = await File.ReadAllBytesAsync(store.BlobPath(generation.ManifestDigest), Token);
        await File.WriteAllBytesAsync(store.BlobPath(generation.ManifestDigest), new byte[manifest.Length], Token);
        Assert.Equal(ImageStoreError.Damaged, (await Assert.ThrowsAsync<ImageStoreException>(() => CollectAsync(store))).Error);
        await File.WriteAllBytesAsync(store.BlobPath(generation.ManifestDigest), manifest, Token);
        File.Delete(Path.Combine(store.Directory, "index.json"));
        Assert.Equal(ImageStoreError.Damaged, (await Assert.ThrowsAsync<ImageStoreException>(() => CollectAsync(store))).Error);
        Assert.Equal(before, Bytes(store));
    }

    [Fact]
    public async Task Collections_beside_imports_pushes_removals_and_readers_never_take_a_needed_byte()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var store = ImageStore.Open(_folder["store"]);
        var other = await MakeOtherAsync();
        Task[] noise =
        [
            Task.Run(() => RepeatAsync(async () => await CollectAsync(ImageStore.Open(_folder["store"])), stop.Token), Token),
            Task.Run(() => RepeatAsync(() => PushAsync(other, store), stop.Token), Token),
            Task.Run(() => RepeatAsync(async () => Assert.Empty((await ImageStore.Open(_folder["store"]).CheckAsync(TimeProvider.System, null, Token)).Problems), stop.Token), Token),
        ];
        var disk = TestDisk.Content(5, 2_000_000);
        for (var round = 0; round < 8; round++)
        {
            disk = TestDisk.Updated(disk, round);
            var (_, generation) = await TestDisk.ImportAsync(_folder, disk);
            await AssertWholeAsync(store, generation, disk);
            await store.RemoveAsync("work", generation.Number - 1, Token);
        }

        await stop.CancelAsync();
        await Task.WhenAll(noise);
        Assert.Empty((await store.CheckAsync(TimeProvider.System, null, Token)).Problems);
        Assert.Equal([8], store.List().Where(generation => generation.Name == "work").Select(generation => generation.Number));
    }

    public void Dispose() => _folder.Dispose();

    private static Task<GarbageResult> CollectAsync(ImageStore store) => store.CollectGarbageAsync(isDry: false, TimeProvider.System, null, Token);

    private static long Bytes(ImageStore store) => Directory.GetFiles(Path.Combine(store.Directory, "blobs", "sha256")).Sum(file => new FileInfo(file).Length);

    private async Task AssertWholeAsync(ImageStore store, StoredGeneration generation, byte[] disk)
    {
        await store.ExportAsync(generation.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.True((await File.ReadAllBytesAsync(_folder["out.raw"], Token)).AsSpan().SequenceEqual(disk));
    }

    private async Task<(ImageStore Store, StoredGeneration Generation)> MakeOtherAsync()
    {
        using var folder = new TestFolder();
        await File.WriteAllBytesAsync(folder["disk.raw"], TestDisk.Content(77, 1_000_000), Token);
        var store = ImageStore.Open(_folder["other"]);
        return (store, await store.ImportAsync(new ImportRequest { File = folder["disk.raw"], Name = "pushed", Format = ImageFormat.Raw }, TimeProvider.System, null, Token));
    }

    /// <summary>As a registry takes a push: every blob that is not here, then the manifest; and the generation is removed again.</summary>
    private static async Task PushAsync((ImageStore Store, StoredGeneration Generation) from, ImageStore to)
    {
        var digest = from.Generation.ManifestDigest;
        var manifest = from.Store.ReadManifest(digest);
        foreach (var blob in manifest.Layers.Prepend(manifest.Config))
        {
            if (!to.HoldForPush(blob.Digest, TimeProvider.System))
            {
                await using var content = File.OpenRead(from.Store.BlobPath(blob.Digest));
                await to.PutBlobAsync(blob.Digest, content, Token);
            }
        }

        await to.PutManifestAsync(await File.ReadAllBytesAsync(from.Store.BlobPath(digest), Token), "pushed", "1", Token);
        Assert.NotNull(to.Find("pushed", 1));
        await to.RemoveAsync("pushed", 1, Token);
    }

    private static async Task RepeatAsync(Func<Task> action, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await action();
        }
    }
}
