using System.Collections.Concurrent;
using Caisson.Chunks;

namespace Caisson.Images.Tests;

/// <summary>A delta is a shortcut: whatever is wrong with it, its source or the old image, the update arrives.</summary>
public sealed class DeltaFaultTests : IDisposable
{
    private const int DiskBytes = 14_000_000;

    private readonly TestFolder _folder = new();
    private readonly ConcurrentQueue<FillEvent> _events = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(BlobSourceError.Refused)]
    [InlineData(BlobSourceError.Invalid)]
    [InlineData(BlobSourceError.Away)]
    public async Task A_source_that_gives_everything_but_the_delta_holds_nothing_up(BlobSourceError error)
    {
        var (store, old, next, delta, updated) = await MakeAsync();
        await FillAsync(store, old, "seed");
        var source = new PickySource(new DirectoryBlobSource(store)) { Refused = delta.BlobDigest, Error = error };

        await using var image = await OpenAsync(next, source);
        await image.PrepareFromDeltaAsync(_folder["seed"], () => null, Token).WaitAsync(TimeSpan.FromMinutes(1), Token);
        await image.FillAsync(() => null, Token);

        Assert.Equal(updated, await File.ReadAllBytesAsync(image.ImageFile, Token));
    }

    [Fact]
    public async Task A_list_of_referrers_that_is_refused_holds_nothing_up()
    {
        var (store, old, next, _, updated) = await MakeAsync();
        await FillAsync(store, old, "seed");
        var source = new PickySource(new DirectoryBlobSource(store)) { Refused = next.ManifestDigest, Error = BlobSourceError.Refused };

        await using var image = await OpenAsync(next, source);
        await image.PrepareFromDeltaAsync(_folder["seed"], () => null, Token).WaitAsync(TimeSpan.FromMinutes(1), Token);
        await image.FillAsync(() => null, Token);

        Assert.Equal(updated, await File.ReadAllBytesAsync(image.ImageFile, Token));
    }

    [Fact]
    public async Task One_rotten_piece_of_the_old_image_costs_its_units_and_blames_nobody()
    {
        var (store, old, next, delta, updated) = await MakeAsync();
        await FillAsync(store, old, "seed");
        var used = Rot(store, delta);
        var source = new PickySource(new DirectoryBlobSource(store));

        await using var image = await OpenAsync(next, source);
        await image.PrepareFromDeltaAsync(_folder["seed"], () => null, Token);

        Assert.Equal(0, source.Rejected);
        Assert.InRange(source.BytesOf(delta.BlobDigest), 1, delta.Bytes);
        Assert.InRange(image.Status.PresentBytes, image.Status.ImageBytes - used - (2 * Limits.MaxChunkBytes), image.Status.ImageBytes - 1);
        await image.FillAsync(() => null, Token);
        Assert.Equal(updated, await File.ReadAllBytesAsync(image.ImageFile, Token));
    }

    [Fact]
    public async Task A_boot_profile_of_no_bytes_is_none()
    {
        var (store, _, next, _, updated) = await MakeAsync();
        await store.PutBlobAsync(ChunkId.Of([]).Digest, new MemoryStream(), Token);
        var empty = new OciDescriptor { MediaType = MediaTypes.BootProfile, Digest = ChunkId.Of([]).Digest, Size = 0 };
        var subject = new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = next.ManifestDigest, Size = 1 };
        await store.PutManifestAsync(new OciManifest { ArtifactType = MediaTypes.BootProfile, Config = empty, Layers = [empty], Subject = subject }.ToBytes(), "", null, Token);

        await using var image = await OpenAsync(next, new PickySource(new DirectoryBlobSource(store)));
        await image.FillAsync(() => null, Token);

        Assert.Equal(updated, await File.ReadAllBytesAsync(image.ImageFile, Token));
    }

    [Fact]
    public async Task A_range_of_no_bytes_is_not_asked_for()
    {
        using var client = new HttpClient { BaseAddress = new Uri("http://localhost:9/") };
        var source = new RegistryBlobSource(client, "work");
        Assert.Same(source, await source.ReadRangeAsync(ChunkId.Of([]).Digest, 0, Memory<byte>.Empty, Token));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Damages a part of the old image that some unit refers to.</summary>
    /// <returns>How many bytes that part and the units that refer to it hold.</returns>
    private long Rot(ImageStore store, StoredDelta delta)
    {
        var bytes = File.ReadAllBytes(store.BlobPath(delta.BlobDigest));
        var head = DeltaFormat.DecodeHead(bytes.AsMemory(0, DeltaFormat.HeadBytes(bytes)));
        Assert.True(head.Units.Length > 1, "The test needs a unit that is not hurt.");
        var rotten = head.Units.First(unit => unit.Regions.Length > 0).Regions[0];
        using var file = File.OpenHandle(Path.Combine(_folder["seed"], "image.raw"), access: FileAccess.ReadWrite, share: FileShare.ReadWrite);
        var old = new byte[rotten.Bytes];
        RandomAccess.Read(file, old, rotten.Offset);
        for (var at = 0; at < old.Length; at += 16)
        {
            old[at] ^= 0x20;
        }

        RandomAccess.Write(file, old, rotten.Offset);
        return rotten.Bytes + head.Units.Where(unit => unit.Regions.Any(region => region.Offset < rotten.Offset + rotten.Bytes && rotten.Offset < region.Offset + region.Bytes)).Sum(unit => (long)unit.PlainBytes);
    }

    private async Task<(ImageStore Store, StoredGeneration Old, StoredGeneration Next, StoredDelta Delta, byte[] Updated)> MakeAsync()
    {
        var old = TestDisk.Content(21, DiskBytes);
        var updated = TestDisk.Updated(old, 22);

        // Enough that no old bytes resemble, so that the delta has several units.
        for (var at = 1_000_000; at < 9_000_000; at += 1_000_000)
        {
            new Random(at).NextBytes(updated.AsSpan(at, 700_000));
        }

        var (_, first) = await TestDisk.ImportAsync(_folder, old);
        var (store, second) = await TestDisk.ImportAsync(_folder, updated);
        return (store, first, second, await store.CreateDeltaAsync(first.ManifestDigest, second.ManifestDigest, TimeProvider.System, null, Token), updated);
    }

    private async Task FillAsync(ImageStore store, StoredGeneration generation, string name)
    {
        await using var image = await SelfFillingImage.OpenAsync(_folder[name], generation.ManifestDigest, new DirectoryBlobSource(store), TimeProvider.System, null, Token);
        await image.FillAsync(() => null, Token);
    }

    private Task<SelfFillingImage> OpenAsync(StoredGeneration generation, IBlobSource source) =>
        SelfFillingImage.OpenAsync(_folder["image"], generation.ManifestDigest, source, new HastyTime(), _events.Enqueue, Token);

    /// <summary>A source that gives all but one thing, and no ranges of no bytes, as HTTP has none.</summary>
    private sealed class PickySource(IBlobSource inner) : IBlobSource
    {
        private readonly ConcurrentDictionary<string, long> _bytes = new(StringComparer.Ordinal);
        private int _rejected;

        public string? Refused { get; init; }

        public BlobSourceError Error { get; init; }

        public int Rejected => _rejected;

        public string Name => "the picky source";

        public long BytesOf(string digest) => _bytes.GetValueOrDefault(digest);

        public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => inner.ReadManifestAsync(reference, cancellationToken);

        public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
        {
            Refuse(digest);
            ArgumentOutOfRangeException.ThrowIfZero(buffer.Length);
            _bytes.AddOrUpdate(digest, buffer.Length, (_, known) => known + buffer.Length);
            await inner.ReadRangeAsync(digest, offset, buffer, cancellationToken);
            return this;
        }

        public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken)
        {
            Refuse(digest);
            return inner.ListReferrersAsync(digest, artifactType, cancellationToken);
        }

        public void Reject(string digest) => Interlocked.Increment(ref _rejected);

        private void Refuse(string digest)
        {
            if (digest == Refused)
            {
                throw new BlobSourceException(Error, $"The test gives nothing of {digest}.");
            }
        }
    }
}
