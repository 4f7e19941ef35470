using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Copies a generation, and the deltas that lead to it, from any source into a store: a registry's onto this machine, a store's onto a medium.
/// Every blob is compared with its digest; what the store has is not fetched again, so a copy that was cut off goes on blob by blob.
/// </summary>
public sealed class StorePull(ImageStore store, TimeProvider time, IProgress<ImageProgress>? progress)
{
    private const int Lanes = 3;
    private const int MaxConfigBytes = 1 << 20;

    /// <param name="reference">A digest, or a tag of the source.</param>
    /// <exception cref="BlobSourceException">The source is away, refuses or has no such generation.</exception>
    /// <exception cref="ChunkException">Invalid: the source gave other bytes than its manifest names.</exception>
    /// <exception cref="ImageStoreException">Bad input: the store has another generation of that name and number. No space.</exception>
    public async Task<StoredGeneration> PullAsync(IBlobSource from, string reference, CancellationToken cancellationToken)
    {
        var (manifest, bytes, digest) = await ReadManifestAsync(from, reference, time, cancellationToken).ConfigureAwait(false);
        _ = manifest.IndexLayer();
        using var lease = await DirectoryBlobSource.LeaseAsync(from, digest, cancellationToken).ConfigureAwait(false);
        var config = await ReadConfigAsync(from, manifest.Config, time, cancellationToken).ConfigureAwait(false);
        var tag = config.Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (store.Resolve(config.Name, tag) is { } known && known != digest)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"The store {store.Directory} has another {config.Name}@{tag} already. Copy into another store.");
        }

        var referrers = new List<(OciManifest Manifest, byte[] Bytes)>();
        foreach (var type in MediaTypes.TravelsAlong)
        {
            foreach (var entry in await Attempts.RunAsync(() => from.ListReferrersAsync(digest, type, cancellationToken), time, cancellationToken).ConfigureAwait(false))
            {
                var referrer = await ReadManifestAsync(from, entry.Digest, time, cancellationToken).ConfigureAwait(false);

                // The list may say what it likes; what came is what counts.
                if (referrer.Manifest.ArtifactType == type && referrer.Manifest.Subject?.Digest == digest)
                {
                    referrers.Add((referrer.Manifest, referrer.Bytes));
                }
            }
        }

        await CopyBlobsAsync(from, referrers.Select(referrer => referrer.Manifest).Prepend(manifest), cancellationToken).ConfigureAwait(false);
        await store.PutNewManifestAsync(bytes, config.Name, tag, cancellationToken).ConfigureAwait(false);
        foreach (var referrer in referrers)
        {
            await store.PutManifestAsync(referrer.Bytes, "", null, cancellationToken).ConfigureAwait(false);
        }

        return store.FindByDigest(digest)!;
    }

    /// <summary>What a source says of a generation, without fetching it.</summary>
    /// <exception cref="BlobSourceException">The source is away, refuses or has no such generation.</exception>
    /// <exception cref="ChunkException">Invalid: not a generation.</exception>
    public static async Task<StoredGeneration> DescribeAsync(IBlobSource from, string reference, TimeProvider time, CancellationToken cancellationToken)
    {
        var (manifest, _, digest) = await ReadManifestAsync(from, reference, time, cancellationToken).ConfigureAwait(false);
        _ = manifest.IndexLayer();
        return ImageStore.Describe(await ReadConfigAsync(from, manifest.Config, time, cancellationToken).ConfigureAwait(false), digest);
    }

    private async Task CopyBlobsAsync(IBlobSource from, IEnumerable<OciManifest> manifests, CancellationToken cancellationToken)
    {
        var blobs = manifests.SelectMany(manifest => manifest.Layers.Prepend(manifest.Config)).DistinctBy(blob => blob.Digest).ToList();
        var meter = new ProgressMeter("Copying", blobs.Sum(blob => blob.Size), time, progress);
        try
        {
            await Parallel.ForEachAsync(blobs, new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = cancellationToken }, async (blob, token) =>
            {
                await using var content = new BlobStream(from, blob, time, token);
                await store.PutBlobAsync(blob.Digest, content, token).ConfigureAwait(false);
                meter.Add(blob.Size);
            }).ConfigureAwait(false);
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {store.Directory} is full. What was copied stays; free some space and copy again, it goes on.", e);
        }
    }

    private static async Task<(OciManifest Manifest, byte[] Bytes, string Digest)> ReadManifestAsync(IBlobSource from, string reference, TimeProvider time, CancellationToken cancellationToken)
    {
        var bytes = await Attempts.RunAsync(() => from.ReadManifestAsync(reference, cancellationToken), time, cancellationToken).ConfigureAwait(false);
        return (ChunkId.TryParseDigest(reference, out _) ? OciManifest.Parse(bytes, reference) : OciManifest.Parse(bytes), bytes, ChunkId.Of(bytes).Digest);
    }

    private static async Task<GenerationConfig> ReadConfigAsync(IBlobSource from, OciDescriptor blob, TimeProvider time, CancellationToken cancellationToken)
    {
        var bytes = new byte[Math.Min(blob.Size, MaxConfigBytes)];
        await Attempts.RunAsync(() => from.ReadRangeAsync(blob.Digest, 0, bytes, cancellationToken), time, cancellationToken).ConfigureAwait(false);
        try
        {
            if (ChunkId.Of(bytes).Digest == blob.Digest && JsonSerializer.Deserialize(bytes, OciJson.Default.GenerationConfig) is { Number: > 0 and <= ImageName.MostGenerations } config && ImageName.IsValid(config.Name))
            {
                return config;
            }
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw new ChunkException(ChunkError.Invalid, $"{from.Name} gave something else than the description of a generation for {blob.Digest}.");
    }
}
