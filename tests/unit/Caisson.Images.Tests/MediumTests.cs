namespace Caisson.Images.Tests;

/// <summary>Media that come, go and lie.</summary>
public sealed class MediumTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly SteppedTime _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_store_is_found_on_a_medium_that_is_plugged_in_and_missing_when_it_is_pulled_out()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(3));
        Directory.CreateDirectory(_folder["media"]);
        var medium = new MediumBlobSource(_folder["media"], _time);
        Assert.Equal(BlobSourceError.Missing, await FailureAsync(medium, generation.ManifestDigest));

        Directory.CreateDirectory(_folder["media/somebody/stick"]);
        Directory.Move(store.Directory, _folder["media/somebody/stick/caisson"]);
        Assert.Equal(BlobSourceError.Missing, await FailureAsync(medium, generation.ManifestDigest));
        _time.Pass(TimeSpan.FromSeconds(4));
        var manifest = await medium.ReadManifestAsync(generation.ManifestDigest, Token);
        var layer = OciManifest.Parse(manifest, generation.ManifestDigest).Layers[0];
        var bytes = new byte[layer.Size];
        await medium.ReadRangeAsync(layer.Digest, 0, bytes, Token);
        Assert.Equal(layer.Digest, Chunks.ChunkId.Of(bytes).Digest);

        Directory.Move(_folder["media/somebody"], _folder["pulled-out"]);
        Assert.Equal(BlobSourceError.Missing, await FailureAsync(medium, generation.ManifestDigest));
    }

    [Fact]
    public async Task A_medium_that_is_read_is_left_as_it_was()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(4));
        Directory.Delete(Path.Combine(store.Directory, "tmp"), recursive: true);
        var before = Directory.GetFileSystemEntries(store.Directory, "*", SearchOption.AllDirectories);
        var medium = new MediumBlobSource(store.Directory, _time);
        await medium.ReadManifestAsync(generation.ManifestDigest, Token);
        await medium.ListReferrersAsync(generation.ManifestDigest, MediaTypes.Delta, Token);

        Assert.Equal(before, Directory.GetFileSystemEntries(store.Directory, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Deltas_on_a_medium_are_found_by_what_they_lead_to()
    {
        var disk = TestDisk.Content(5);
        var (store, first) = await TestDisk.ImportAsync(_folder, disk);
        var (_, second) = await TestDisk.ImportAsync(_folder, TestDisk.Updated(disk, 6));
        var delta = await store.CreateDeltaAsync(first.ManifestDigest, second.ManifestDigest, TimeProvider.System, null, Token);
        var medium = new MediumBlobSource(_folder.Path, _time);

        Assert.Equal(delta.ManifestDigest, Assert.Single(await medium.ListReferrersAsync(second.ManifestDigest, MediaTypes.Delta, Token)).Digest);
        Assert.Empty(await medium.ListReferrersAsync(first.ManifestDigest, MediaTypes.Delta, Token));
    }

    [Fact]
    public async Task A_link_on_a_medium_leads_nowhere_and_a_medium_full_of_folders_is_no_burden()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(6));
        Directory.CreateDirectory(_folder["media/stick/blobs/sha256"]);
        await File.WriteAllTextAsync(_folder["media/stick/oci-layout"], "{}", Token);
        File.CreateSymbolicLink(Path.Combine(_folder["media/stick/blobs/sha256"], generation.ManifestDigest["sha256:".Length..]), store.BlobPath(generation.ManifestDigest));
        for (var i = 0; i < 500; i++)
        {
            Directory.CreateDirectory(_folder[$"media/stick2/{i}/{i}"]);
        }

        Assert.Equal(BlobSourceError.Away, await FailureAsync(new MediumBlobSource(_folder["media"], _time), generation.ManifestDigest));
    }

    [Fact]
    public async Task A_generation_copied_to_a_medium_twice_is_there_once_and_whole()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(7));
        var medium = ImageStore.Open(_folder["stick"]);
        for (var i = 0; i < 2; i++)
        {
            var copied = await new StorePull(medium, TimeProvider.System, null).PullAsync(new DirectoryBlobSource(store), generation.ManifestDigest, Token);
            Assert.Equal((generation.Name, generation.Number), (copied.Name, copied.Number));
        }

        Assert.Single(medium.List());
        Assert.Empty((await medium.CheckAsync(TimeProvider.System, null, Token)).Problems);
    }

    [Fact]
    public async Task A_copy_from_a_source_that_breaks_and_lies_is_whole_or_an_error()
    {
        var (store, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(8));
        var faulty = new FaultySource(new DirectoryBlobSource(store));
        faulty.FailNext(3);
        var copy = ImageStore.Open(_folder["copy"]);
        await new StorePull(copy, new HastyTime(), null).PullAsync(faulty, generation.ManifestDigest, Token);
        Assert.Empty((await copy.CheckAsync(TimeProvider.System, null, Token)).Problems);

        faulty.CorruptNext(int.MaxValue);
        var other = ImageStore.Open(_folder["other"]);
        await Assert.ThrowsAsync<Chunks.ChunkException>(() => new StorePull(other, new HastyTime(), null).PullAsync(faulty, generation.ManifestDigest, Token));
        Assert.Empty(other.List());
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<BlobSourceError> FailureAsync(MediumBlobSource medium, string digest) =>
        (await Assert.ThrowsAsync<BlobSourceException>(() => medium.ReadManifestAsync(digest, Token))).Error;
}
