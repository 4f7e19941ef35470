using Caisson.Chunks;
using Caisson.Faults.Tests.Sources;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Faults.Tests.Flips;

/// <summary>A small store with two generations and the delta between them, and ways to look at what comes out of it.</summary>
internal sealed class FlippedStore
{
    private const int DiskBytes = 200_000;

    private readonly string _folder;
    private readonly StoredGeneration _old;
    private readonly StoredGeneration _new;
    private readonly StoredDelta _delta;

    private FlippedStore(string folder, ImageStore store, byte[] oldDisk, byte[] newDisk, StoredGeneration old, StoredGeneration next, StoredDelta delta) =>
        (_folder, Store, OldDisk, NewDisk, _old, _new, _delta) = (folder, store, oldDisk, newDisk, old, next, delta);

    public ImageStore Store { get; }

    public byte[] OldDisk { get; }

    public byte[] NewDisk { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<FlippedStore> CreateAsync(string folder)
    {
        var store = ImageStore.Open(Path.Combine(folder, "store"));
        var random = new Random(5);
        var oldDisk = new byte[DiskBytes];
        random.NextBytes(oldDisk.AsSpan(0, 120_000));
        random.NextBytes(oldDisk.AsSpan(150_000));
        var newDisk = (byte[])oldDisk.Clone();
        random.NextBytes(newDisk.AsSpan(40_000, 3000));
        var old = await Published.ImportAsync(store, folder, oldDisk, Token);
        var next = await Published.ImportAsync(store, folder, newDisk, Token);
        var delta = await store.CreateDeltaAsync(old.ManifestDigest, next.ManifestDigest, TimeProvider.System, null, Token);
        return new FlippedStore(folder, store, oldDisk, newDisk, old, next, delta);
    }

    /// <summary>All of it in another place, to repair from.</summary>
    public DirectoryBlobSource CopyTo(string directory)
    {
        foreach (var file in Directory.EnumerateFiles(Store.Directory, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(directory, Path.GetRelativePath(Store.Directory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return new DirectoryBlobSource(ImageStore.Open(directory));
    }

    /// <summary>Digests of all blobs of a kind.</summary>
    public IReadOnlyList<string> BlobsOf(string mediaType)
    {
        string[] manifests = [_old.ManifestDigest, _new.ManifestDigest, _delta.ManifestDigest];
        return mediaType == MediaTypes.OciManifest
            ? manifests
            : [.. manifests.SelectMany(digest => Store.ReadManifest(digest).Layers).Where(layer => layer.MediaType == mediaType).Select(layer => layer.Digest).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Exports both generations and applies the delta: each gives the right bytes or an error.</summary>
    public async Task ShowsNothingWrongAsync(string flip)
    {
        var file = Path.Combine(_folder, "out.raw");
        await TryAsync(_old.ManifestDigest, OldDisk);
        await TryAsync(_new.ManifestDigest, NewDisk);
        await TryApplyAsync();

        async Task TryAsync(string digest, byte[] expected)
        {
            try
            {
                await Store.ExportAsync(digest, file, TimeProvider.System, null, Token);
                Assert.True((await File.ReadAllBytesAsync(file, Token)).AsSpan().SequenceEqual(expected), $"{flip} came out of an export.");
            }
            catch (ImageStoreException e)
            {
                Assert.Equal(ImageStoreError.Damaged, e.Error);
            }
        }

        async Task TryApplyAsync()
        {
            var old = Path.Combine(_folder, "base.raw");
            if (!File.Exists(old))
            {
                await File.WriteAllBytesAsync(old, OldDisk, Token);
            }

            try
            {
                await RawDelta.ApplyAsync(old, Store.BlobPath(_delta.BlobDigest), file, TimeProvider.System, null, Token);
                Assert.True((await File.ReadAllBytesAsync(file, Token)).AsSpan().SequenceEqual(NewDisk), $"{flip} came out of a delta.");
            }
            catch (ImageStoreException)
            {
                // Refused.
            }
        }
    }

    /// <summary>Opens, or opens again, the image in a directory.</summary>
    /// <param name="boot">The kernel's boot id, made up.</param>
    public Task<SelfFillingImage> OpenAsync(string directory, bool isOld = false, string? seed = null, string boot = "boot") =>
        SelfFillingImage.OpenAsync(directory, (isOld ? _old : _new).ManifestDigest, new DirectoryBlobSource(Store), seed, boot, new HastyTime(), null, Token);

    /// <summary>Opens the image of the new disk and fills it to the end, reading all of it as a guest would.</summary>
    public async Task FillAsync(string directory, string? seed = null, string boot = "boot")
    {
        await using var image = await OpenAsync(directory, seed: seed, boot: boot);
        if (seed is not null)
        {
            await image.PrepareFromDeltaAsync(seed, () => null, Token);
        }

        var read = new byte[NewDisk.Length];
        await image.ReadAsync(0, read, Token);
        Assert.True(read.AsSpan().SequenceEqual(NewDisk));
        await image.FillAsync(() => null, Token);
    }
}
