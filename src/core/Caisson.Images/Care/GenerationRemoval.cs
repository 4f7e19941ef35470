using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Takes a generation, and all that refers to it (deltas from and to it, boot profiles), out of <c>index.json</c>. Its blobs stay until garbage is collected.</summary>
internal sealed class GenerationRemoval(ImageStore store, StoreLayout layout)
{
    /// <returns>False: the store names no such generation.</returns>
    public async Task<bool> RunAsync(string reference, CancellationToken cancellationToken)
    {
        var found = false;
        await layout.UpdateIndexAsync(
            index =>
            {
                var named = index.Manifests.FirstOrDefault(entry => ImageStore.RefName(entry) == reference);
                found = named is not null;
                return named is null ? index : Without(index, named);
            },
            () => { },
            cancellationToken).ConfigureAwait(false);
        return found;
    }

    private OciIndex Without(OciIndex index, OciDescriptor named)
    {
        var left = index.Manifests.Where(entry => entry != named).ToList();
        if (left.Any(entry => entry.Digest == named.Digest && ImageStore.RefName(entry) is not null))
        {
            // The same generation under another name.
            return index with { Manifests = left };
        }

        return index with { Manifests = [.. left.Where(entry => entry.Digest != named.Digest && !BelongsTo(entry, named.Digest))] };
    }

    private bool BelongsTo(OciDescriptor entry, string generation)
    {
        if (entry.ArtifactType == MediaTypes.Generation)
        {
            return false;
        }

        if (IndexEntry.TryRead(entry) is { } known)
        {
            return known.Subject == generation || known.Annotations?.GetValueOrDefault(MediaTypes.BaseAnnotation) == generation;
        }

        try
        {
            var referrer = store.ReadManifest(entry.Digest);
            return referrer.Subject?.Digest == generation || referrer.Annotations?.GetValueOrDefault(MediaTypes.BaseAnnotation) == generation;
        }
        catch (ChunkException)
        {
            // Damaged: 'check' names it, and it stays until it is mended.
            return false;
        }
    }
}
