namespace Caisson.Images.Tests;

public sealed class RepairTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_blob_damaged_cut_short_or_missing_is_put_back_from_another_store()
    {
        var (store, copy) = await MakeAsync();
        var sound = Blobs(store);
        var number = 0;
        foreach (var blob in sound.Keys)
        {
            var path = Path.Combine(store.Directory, "blobs", "sha256", blob);
            Action<string>[] harms = [File.Delete, file => Flip(file), file => Cut(file)];
            harms[number++ % harms.Length](path);
        }

        Assert.NotEmpty((await store.CheckAsync(TimeProvider.System, null, Token)).Problems);
        var done = await store.RepairAsync([new DirectoryBlobSource(copy)], [], TimeProvider.System, null, Token);

        Assert.Empty(done.Left);
        Assert.Equal(sound.Count, done.Repaired.Count);
        Assert.Equal(sound, Blobs(store));
        Assert.Empty((await store.CheckAsync(TimeProvider.System, null, Token)).Problems);
        Assert.Empty((await store.RepairAsync([], [], TimeProvider.System, null, Token)).Repaired);
    }

    [Fact]
    public async Task What_no_source_has_whole_is_named_and_left_as_it_is()
    {
        var (store, copy) = await MakeAsync();
        var pack = store.ReadIndex(store.List()[0].ManifestDigest).Packs[0].Id.Digest;
        Flip(store.BlobPath(pack));
        Flip(copy.BlobPath(pack));
        var damaged = await File.ReadAllBytesAsync(store.BlobPath(pack), Token);

        var done = await store.RepairAsync([new DirectoryBlobSource(copy)], [], TimeProvider.System, null, Token);

        Assert.Contains(pack, Assert.Single(done.Left), StringComparison.Ordinal);
        Assert.Empty(done.Repaired);
        Assert.Equal(damaged, await File.ReadAllBytesAsync(store.BlobPath(pack), Token));
        Assert.Empty(Directory.GetFiles(Path.Combine(store.Directory, "tmp"), "blob-*"));
    }

    [Fact]
    public async Task The_second_source_is_asked_where_the_first_has_nothing()
    {
        var (store, copy) = await MakeAsync();
        var pack = store.ReadIndex(store.List()[0].ManifestDigest).Packs[0].Id.Digest;
        File.Delete(store.BlobPath(pack));
        var done = await store.RepairAsync([new DirectoryBlobSource(ImageStore.Open(_folder["empty"])), new DirectoryBlobSource(copy)], [], TimeProvider.System, null, Token);
        Assert.Equal((0, 1), (done.Left.Count, done.Repaired.Count));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:1","size":1}]}""")]
    [InlineData(null)]
    public async Task A_lost_index_json_is_made_anew_from_the_blobs(string? content)
    {
        var (store, _) = await MakeAsync();
        var before = store.List();
        var deltas = store.ListReferrers(before[1].ManifestDigest, null).Select(delta => delta.Digest);
        var index = Path.Combine(store.Directory, "index.json");
        File.Delete(index);
        if (content is not null)
        {
            await File.WriteAllTextAsync(index, content, Token);
        }

        var done = await store.RepairAsync([], [], TimeProvider.System, null, Token);

        Assert.Equal((0, 1), (done.Left.Count, done.Repaired.Count));
        Assert.Equal(before, store.List());
        Assert.Equal(deltas, store.ListReferrers(before[1].ManifestDigest, null).Select(delta => delta.Digest));
        Assert.Equal(0, (await store.CollectGarbageAsync(isDry: false, TimeProvider.System, null, Token)).Blobs);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(ImageStore Store, ImageStore Copy)> MakeAsync()
    {
        var disk = TestDisk.Content(1, 9_000_000);
        var (store, first) = await TestDisk.ImportAsync(_folder, disk);
        var (_, second) = await TestDisk.ImportAsync(_folder, TestDisk.Updated(disk, 2));
        await store.CreateDeltaAsync(first.ManifestDigest, second.ManifestDigest, TimeProvider.System, null, Token);
        var copy = ImageStore.Open(_folder["copy"]);
        foreach (var blob in Directory.GetFiles(Path.Combine(store.Directory, "blobs", "sha256")))
        {
            File.Copy(blob, Path.Combine(copy.Directory, "blobs", "sha256", Path.GetFileName(blob)));
        }

        File.Copy(Path.Combine(store.Directory, "index.json"), Path.Combine(copy.Directory, "index.json"), overwrite: true);
        return (store, copy);
    }

    private static SortedDictionary<string, string> Blobs(ImageStore store) => new(
        Directory.GetFiles(Path.Combine(store.Directory, "blobs", "sha256")).ToDictionary(file => Path.GetFileName(file), file => Chunks.ChunkId.Of(File.ReadAllBytes(file)).ToString()),
        StringComparer.Ordinal);

    private static void Flip(string file)
    {
        var bytes = File.ReadAllBytes(file);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    private static void Cut(string file) => File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
}
