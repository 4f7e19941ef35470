using System.Collections.Immutable;
using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>What lies in a store, or comes into it by push or pull, may be damaged or a lie: what is acknowledged afterwards is whole all the same.</summary>
public sealed class PoisonTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Importing_a_disk_again_mends_its_damaged_packs(bool isCut)
    {
        var disk = TestDisk.Content(1, 9_000_000);
        var (store, first) = await TestDisk.ImportAsync(_folder, disk);
        foreach (var pack in store.ReadIndex(first.ManifestDigest).Packs)
        {
            var bytes = await File.ReadAllBytesAsync(store.BlobPath(pack.Id.Digest), Token);
            bytes.AsSpan(100).Fill(0x5A);
            await File.WriteAllBytesAsync(store.BlobPath(pack.Id.Digest), isCut ? bytes[..^10] : bytes, Token);
        }

        var (_, second) = await TestDisk.ImportAsync(_folder, disk);

        await store.ExportAsync(second.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.Equal(disk, await File.ReadAllBytesAsync(_folder["out.raw"], Token));
        Assert.Empty((await store.CheckAsync(TimeProvider.System, null, Token)).Problems);
    }

    [Fact]
    public async Task An_index_that_claims_chunks_it_does_not_hold_poisons_no_import_and_check_finds_it()
    {
        var disk = TestDisk.Content(2, 5_000_000);
        var (victim, honest) = await TestDisk.ImportAsync(_folder, disk);
        var store = ImageStore.Open(_folder["shared"]);
        var (lie, manifest) = await PushLieAsync(store, victim.ReadIndex(honest.ManifestDigest));
        await File.WriteAllBytesAsync(_folder["disk.raw"], disk, Token);

        var imported = await store.ImportAsync(new ImportRequest { File = _folder["disk.raw"], Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, Token);

        await store.ExportAsync(imported.ManifestDigest, _folder["out.raw"], TimeProvider.System, null, Token);
        Assert.Equal(disk, await File.ReadAllBytesAsync(_folder["out.raw"], Token));
        Assert.DoesNotContain(lie, store.ReadIndex(imported.ManifestDigest).Packs.Select(pack => pack.Id.Digest));
        Assert.Contains((await store.CheckAsync(TimeProvider.System, null, Token)).Problems, problem => problem.Contains(manifest, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_two_that_want_one_number_at_the_same_moment_neither_loses_its_name()
    {
        var (from, pulled) = await TestDisk.ImportAsync(_folder, TestDisk.Content(3));
        var store = ImageStore.Open(_folder["both"]);
        await File.WriteAllBytesAsync(_folder["disk.raw"], TestDisk.Content(4), Token);
        var source = new WaitingSource(new DirectoryBlobSource(from));

        // The pull has looked whether the number is free when the import takes it.
        var pulling = new StorePull(store, TimeProvider.System, null).PullAsync(source, pulled.ManifestDigest, Token);
        await source.IsAsked.Task.WaitAsync(Token);
        var imported = await store.ImportAsync(new ImportRequest { File = _folder["disk.raw"], Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, Token);
        source.GoOn.SetResult();

        Assert.Equal(ImageStoreError.BadInput, (await Assert.ThrowsAsync<ImageStoreException>(() => pulling)).Error);
        Assert.Equal(imported.ManifestDigest, store.Find("work", 1)?.ManifestDigest);
    }

    [Fact]
    public async Task A_generation_number_beyond_all_bounds_is_refused()
    {
        var store = ImageStore.Open(_folder["far"]);
        var (from, generation) = await TestDisk.ImportAsync(_folder, TestDisk.Content(5));
        var manifest = from.ReadManifest(generation.ManifestDigest);
        var config = JsonSerializer.SerializeToUtf8Bytes(from.ReadConfig(manifest) with { Number = int.MaxValue }, OciJson.Default.GenerationConfig);
        var far = manifest with { Config = manifest.Config with { Digest = ChunkId.Of(config).Digest, Size = config.Length } };
        await from.PutBlobAsync(far.Config.Digest, new MemoryStream(config), Token);
        var digest = await from.PutManifestAsync(far.ToBytes(), "far", "1", Token);

        await Assert.ThrowsAsync<ChunkException>(() => new StorePull(store, TimeProvider.System, null).PullAsync(new DirectoryBlobSource(from), digest, Token));
        Assert.Empty(store.List());
    }

    [Fact]
    public async Task A_delta_whose_generation_the_store_does_not_name_is_refused()
    {
        var (store, old) = await TestDisk.ImportAsync(_folder, TestDisk.Content(6, 5_000_000));
        var (_, next) = await TestDisk.ImportAsync(_folder, TestDisk.Updated(TestDisk.Content(6, 5_000_000), 7));
        var delta = await store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, TimeProvider.System, null, Token);
        var bytes = await File.ReadAllBytesAsync(store.BlobPath(delta.ManifestDigest), Token);
        await store.RemoveAsync("work", 2, Token);

        await Assert.ThrowsAsync<ChunkException>(() => store.PutManifestAsync(bytes, "", null, Token));
        Assert.Null(store.FindDelta(old.ManifestDigest, next.ManifestDigest));
    }

    [Fact]
    public async Task A_lock_whose_folder_was_taken_away_is_made_anew_and_one_that_cannot_be_opened_is_an_error()
    {
        var store = ImageStore.Open(_folder["store"]);
        Directory.Delete(Path.Combine(_folder["store"], "tmp"), recursive: true);
        await store.CollectGarbageAsync(false, TimeProvider.System, null, Token).WaitAsync(TimeSpan.FromSeconds(30), Token);

        var file = Path.Combine(_folder["store"], "tmp", "import.lock");
        File.Delete(file);
        File.CreateSymbolicLink(file, file); // ELOOP: as an unreadable medium, an error that waiting does not mend.
        await Assert.ThrowsAnyAsync<IOException>(() => store.CollectGarbageAsync(false, TimeProvider.System, null, Token).WaitAsync(TimeSpan.FromSeconds(30), Token));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>A generation whose index names the victim's chunks, in a pack of zeros.</summary>
    private static async Task<(string Pack, string Manifest)> PushLieAsync(ImageStore store, ImageIndex victim)
    {
        var pack = new byte[PackFormat.HeaderBytes + (victim.Frames.Length * Limits.MaxFramePlainBytes)];
        PackFormat.WriteHeader(pack);
        var id = ChunkId.Of(pack);
        await PushAsync(store, pack);
        ImmutableArray<FrameEntry> frames = [.. victim.Frames.Select((frame, number) => new FrameEntry(0, PackFormat.HeaderBytes + (number * Limits.MaxFramePlainBytes), frame.PlainBytes, frame.PlainBytes, FrameEncoding.Stored))];
        var index = new ImageIndex(victim.ImageBytes, [new PackEntry(id, pack.Length)], frames, victim.Chunks, victim.Extents).Encode();
        var config = JsonSerializer.SerializeToUtf8Bytes(
            new GenerationConfig { Name = "aaa", Number = 1, ImageBytes = victim.ImageBytes, StoredBytes = pack.Length, ChunkCount = victim.Chunks.Length, Created = default },
            OciJson.Default.GenerationConfig);
        var manifest = new OciManifest
        {
            ArtifactType = MediaTypes.Generation,
            Config = new OciDescriptor { MediaType = MediaTypes.GenerationConfig, Digest = await PushAsync(store, config), Size = config.Length },
            Layers =
            [
                new OciDescriptor { MediaType = MediaTypes.Index, Digest = await PushAsync(store, index), Size = index.Length },
                new OciDescriptor { MediaType = MediaTypes.Pack, Digest = id.Digest, Size = pack.Length },
            ],
        };
        return (id.Digest, await store.PutManifestAsync(manifest.ToBytes(), "aaa", "1", Token));
    }

    private static async Task<string> PushAsync(ImageStore store, byte[] blob)
    {
        var digest = ChunkId.Of(blob).Digest;
        await store.PutBlobAsync(digest, new MemoryStream(blob), Token);
        return digest;
    }

    /// <summary>Stands still at its first list of referrers until told to go on.</summary>
    private sealed class WaitingSource(IBlobSource inner) : IBlobSource
    {
        public TaskCompletionSource IsAsked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource GoOn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Name => inner.Name;

        public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => inner.ReadManifestAsync(reference, cancellationToken);

        public Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken) => inner.ReadRangeAsync(digest, offset, buffer, cancellationToken);

        public async Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken)
        {
            IsAsked.TrySetResult();
            await GoOn.Task.WaitAsync(cancellationToken);
            return await inner.ListReferrersAsync(digest, artifactType, cancellationToken);
        }

        public void Reject(string digest) => inner.Reject(digest);
    }
}
