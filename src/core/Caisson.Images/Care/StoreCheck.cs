using System.Collections.Concurrent;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>What a check of every byte found.</summary>
/// <param name="Problems">One sentence each; empty when the store is sound.</param>
public sealed record StoreCheckResult(int Generations, long Chunks, int Blobs, long Bytes, IReadOnlyList<string> Problems);

/// <summary>Reads every blob some manifest names, compares it with its digest, and holds every index against the rules.</summary>
internal sealed class StoreCheck(ImageStore store, StoreLayout layout, TimeProvider time, IProgress<ImageProgress>? progress)
{
    private readonly ConcurrentBag<string> _problems = [];
    private readonly ConcurrentDictionary<string, OciDescriptor> _blobs = new(StringComparer.Ordinal);
    private long _chunks;

    public async Task<StoreCheckResult> RunAsync(CancellationToken cancellationToken)
    {
        var entries = layout.ReadIndex().Manifests.DistinctBy(entry => entry.Digest).ToList();
        foreach (var entry in entries)
        {
            Try(() => CheckManifest(entry));
        }

        var meter = new ProgressMeter("Checking", _blobs.Values.Sum(blob => blob.Size), time, progress);
        await Parallel.ForEachAsync(_blobs.Values, cancellationToken, async (blob, token) =>
        {
            await CheckBlobAsync(blob, token).ConfigureAwait(false);
            meter.Add(blob.Size);
        }).ConfigureAwait(false);
        var generations = entries.Count(entry => entry.ArtifactType == MediaTypes.Generation);
        return new StoreCheckResult(generations, _chunks, _blobs.Count, _blobs.Values.Sum(blob => blob.Size), [.. _problems.Order(StringComparer.Ordinal)]);
    }

    private void CheckManifest(OciDescriptor entry)
    {
        var manifest = store.ReadManifest(entry.Digest);
        foreach (var blob in manifest.Layers.Prepend(manifest.Config))
        {
            _blobs.TryAdd(blob.Digest, blob);
        }

        if (manifest.ArtifactType == MediaTypes.Generation)
        {
            var index = store.ReadIndex(entry.Digest);
            _chunks += index.Chunks.Length;
            var packs = manifest.Layers.Where(layer => layer.MediaType == MediaTypes.Pack).Select(layer => (layer.Digest, layer.Size)).ToHashSet();
            if (index.Packs.Any(pack => !packs.Contains((pack.Id.Digest, pack.Bytes))))
            {
                _problems.Add($"The index of {entry.Digest} needs a pack its manifest does not name.");
            }
        }
    }

    private async Task CheckBlobAsync(OciDescriptor blob, CancellationToken cancellationToken)
    {
        var path = layout.BlobPath(blob.Digest);
        if (!File.Exists(path))
        {
            _problems.Add($"The blob {blob.Digest} is missing. 'caisson store repair' puts it back from another source.");
            return;
        }

        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            var hash = new ChunkId(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false));
            if (file.Length != blob.Size || hash.Digest != blob.Digest)
            {
                _problems.Add($"The blob {blob.Digest} is damaged. 'caisson store repair' puts it back from another source.");
            }
        }
        catch (IOException e)
        {
            _problems.Add($"The blob {blob.Digest} cannot be read ({e.Message}). Put the store on another disk, then run 'caisson store repair'.");
        }
    }

    private void Try(Action check)
    {
        try
        {
            check();
        }
        catch (Exception e) when (e is ChunkException or IOException)
        {
            _problems.Add(e.Message);
        }
    }
}
