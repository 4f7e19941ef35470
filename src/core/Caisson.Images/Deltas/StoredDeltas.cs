using System.Globalization;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Deltas as they lie in a store: a blob, and a small manifest that refers to the new generation. One is made at a time; imports go on meanwhile.
/// </summary>
internal sealed class StoredDeltas(ImageStore store, StoreLayout layout, DeltaOptions options, TimeProvider time, IProgress<ImageProgress>? progress)
{
    public async Task<StoredDelta> GetAsync(string from, string to, CancellationToken cancellationToken)
    {
        await using var held = await layout.LockAsync("delta.lock", cancellationToken).ConfigureAwait(false);
        var known = Find(store, from, to);
        if (known is not null && (known.Effort >= options.Effort))
        {
            return known;
        }

        using var lease = await store.LeaseAsync(() => [from, to], cancellationToken).ConfigureAwait(false);
        SweepInterrupted();
        var folder = Path.Combine(layout.TempDirectory, $"delta-{Guid.NewGuid():n}");
        Directory.CreateDirectory(folder);
        try
        {
            return await MakeAsync(from, to, known, folder, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {layout.Directory} is full: a delta needs room for itself, twice, while it is made. Nothing was changed.", e);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The smallest delta between the two that is there.</summary>
    public static StoredDelta? Find(ImageStore store, string from, string to)
    {
        StoredDelta? found = null;
        foreach (var entry in store.ListReferrers(to, MediaTypes.Delta))
        {
            if (entry.Annotations?.GetValueOrDefault(MediaTypes.BaseAnnotation) == from)
            {
                var layer = store.ReadManifest(entry.Digest).Layers[0];
                var effort = entry.Annotations.GetValueOrDefault(MediaTypes.EffortAnnotation) == nameof(DeltaEffort.Small) ? DeltaEffort.Small : DeltaEffort.Fast;
                found = found is null || layer.Size < found.Bytes ? Describe(from, to, entry.Digest, layer, effort, CountNewChunks(store, from, to, entry)) : found;
            }
        }

        return found;
    }

    /// <summary>Under the lock no other delta is being made, so whatever lies here is of one that was killed.</summary>
    private void SweepInterrupted()
    {
        foreach (var left in Directory.EnumerateDirectories(layout.TempDirectory, "delta-*"))
        {
            Directory.Delete(left, recursive: true);
        }
    }

    private async Task<StoredDelta> MakeAsync(string from, string to, StoredDelta? known, string folder, CancellationToken cancellationToken)
    {
        var (oldIndex, newIndex) = (store.ReadIndex(from), store.ReadIndex(to));
        var file = Path.Combine(folder, "delta");
        var newBytes = DeltaTarget.NewChunks(newIndex, ContentList.Of(oldIndex)).Sum(chunk => (long)newIndex.Chunks[chunk].Bytes);
        var meter = new ProgressMeter("Making the delta", newBytes * (options.Effort == DeltaEffort.Small ? 2 : 1), time, progress);
        var newChunks = await new DeltaMaker(store, oldIndex, newIndex, options, time).RunAsync(file, meter.Add, cancellationToken).ConfigureAwait(false);
        var (digest, size) = await HashAsync(file, cancellationToken).ConfigureAwait(false);
        await using var importing = await layout.LockAsync("import.lock", cancellationToken).ConfigureAwait(false);
        await using var added = new AddedBlobs(store, layout, time);
        added.Adopt(file, digest);
        var made = await PublishAsync(from, to, new OciDescriptor { MediaType = MediaTypes.Delta, Digest = digest, Size = size }, newChunks, added, cancellationToken).ConfigureAwait(false);
        if (known is not null && known.ManifestDigest != made.ManifestDigest)
        {
            // The blob stays for who is fetching it, until garbage collection.
            await layout.UpdateIndexAsync(index => index with { Manifests = [.. index.Manifests.Where(entry => entry.Digest != known.ManifestDigest)] }, () => { }, cancellationToken).ConfigureAwait(false);
        }

        return made;
    }

    private async Task<StoredDelta> PublishAsync(string from, string to, OciDescriptor layer, int newChunks, AddedBlobs added, CancellationToken cancellationToken)
    {
        var manifest = new OciManifest
        {
            ArtifactType = MediaTypes.Delta,
            Config = added.Write("{}"u8, MediaTypes.OciEmpty),
            Layers = [layer],
            Subject = new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = to, Size = new FileInfo(store.BlobPath(to)).Length },
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                [MediaTypes.BaseAnnotation] = from,
                [MediaTypes.EffortAnnotation] = options.Effort.ToString(),
                [MediaTypes.NewChunksAnnotation] = newChunks.ToString(CultureInfo.InvariantCulture),
            },
        };
        var digest = await store.PutManifestAsync(manifest.ToBytes(), "", null, added, cancellationToken).ConfigureAwait(false);
        return Describe(from, to, digest, layer, options.Effort, newChunks);
    }

    private static StoredDelta Describe(string from, string to, string manifest, OciDescriptor layer, DeltaEffort effort, int newChunks) => new()
    {
        BaseManifestDigest = from,
        TargetManifestDigest = to,
        ManifestDigest = manifest,
        BlobDigest = layer.Digest,
        Bytes = layer.Size,
        Effort = effort,
        NewChunks = newChunks,
    };

    /// <summary>A delta of an older version does not say; both indexes are read for it.</summary>
    private static int CountNewChunks(ImageStore store, string from, string to, OciDescriptor entry) =>
        int.TryParse(entry.Annotations?.GetValueOrDefault(MediaTypes.NewChunksAnnotation), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            ? count
            : DeltaTarget.NewChunks(store.ReadIndex(to), ContentList.Of(store.ReadIndex(from))).Length;

    private static async Task<(string Digest, long Size)> HashAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return (new ChunkId(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false)).Digest, stream.Length);
    }
}
