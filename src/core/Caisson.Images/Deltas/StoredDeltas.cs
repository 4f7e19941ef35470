using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Deltas as they lie in a store: a blob, and a small manifest that refers to the new generation.</summary>
internal sealed class StoredDeltas(ImageStore store, StoreLayout layout, TimeProvider time, IProgress<ImageProgress>? progress)
{
    public async Task<StoredDelta> GetAsync(string from, string to, CancellationToken cancellationToken)
    {
        await using var held = await layout.LockAsync("import.lock", cancellationToken).ConfigureAwait(false);
        if (Find(from, to) is { } known)
        {
            return known;
        }

        var folder = Path.Combine(layout.TempDirectory, $"import-{Guid.NewGuid():n}");
        Directory.CreateDirectory(folder);
        try
        {
            return await MakeAsync(from, to, folder, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (Posix.IsNoSpace(e))
        {
            throw new ImageStoreException(ImageStoreError.NoSpace, $"The disk that holds {layout.Directory} is full: a delta needs room for the old image while it is made. Nothing was changed.", e);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private StoredDelta? Find(string from, string to)
    {
        foreach (var entry in store.ListReferrers(to, MediaTypes.Delta))
        {
            if (entry.Annotations?.GetValueOrDefault(MediaTypes.BaseAnnotation) == from)
            {
                var layer = store.ReadManifest(entry.Digest).Layers[0];
                return Describe(from, to, entry.Digest, layer);
            }
        }

        return null;
    }

    private async Task<StoredDelta> MakeAsync(string from, string to, string folder, CancellationToken cancellationToken)
    {
        var (oldIndex, newIndex) = (store.ReadIndex(from), store.ReadIndex(to));
        var file = Path.Combine(folder, "delta");
        int newChunks;
        using (var raw = File.OpenHandle(Path.Combine(folder, "old.raw"), FileMode.CreateNew, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose))
        {
            await new ImageExport(store, time, progress).WriteAsync(oldIndex, raw, cancellationToken).ConfigureAwait(false);
            var newBytes = DeltaTarget.NewChunks(newIndex, ContentList.Of(oldIndex)).Sum(chunk => (long)newIndex.Chunks[chunk].Bytes);
            var meter = new ProgressMeter("Making the delta", newBytes, time, progress);
            newChunks = await new DeltaMaker(store, oldIndex, newIndex).RunAsync(raw, file, meter.Add, cancellationToken).ConfigureAwait(false);
        }

        var (digest, size) = await HashAsync(file, cancellationToken).ConfigureAwait(false);
        await using var added = new AddedBlobs(store, layout, time);
        added.Adopt(file, digest);
        var layer = new OciDescriptor { MediaType = MediaTypes.Delta, Digest = digest, Size = size };
        return await PublishAsync(from, to, layer, added, cancellationToken).ConfigureAwait(false) with { NewChunks = newChunks };
    }

    private async Task<StoredDelta> PublishAsync(string from, string to, OciDescriptor layer, AddedBlobs added, CancellationToken cancellationToken)
    {
        var manifest = new OciManifest
        {
            ArtifactType = MediaTypes.Delta,
            Config = added.Write("{}"u8, MediaTypes.OciEmpty),
            Layers = [layer],
            Subject = new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = to, Size = new FileInfo(store.BlobPath(to)).Length },
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [MediaTypes.BaseAnnotation] = from },
        };
        var digest = await store.PutManifestAsync(manifest.ToBytes(), "", null, added, cancellationToken).ConfigureAwait(false);
        return Describe(from, to, digest, layer);
    }

    private StoredDelta Describe(string from, string to, string manifest, OciDescriptor layer) => new()
    {
        BaseManifestDigest = from,
        TargetManifestDigest = to,
        ManifestDigest = manifest,
        BlobDigest = layer.Digest,
        Bytes = layer.Size,
        NewChunks = DeltaTarget.NewChunks(store.ReadIndex(to), ContentList.Of(store.ReadIndex(from))).Length,
    };

    private static async Task<(string Digest, long Size)> HashAsync(string file, CancellationToken cancellationToken)
    {
        await using var stream = File.OpenRead(file);
        return (new ChunkId(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false)).Digest, stream.Length);
    }
}
