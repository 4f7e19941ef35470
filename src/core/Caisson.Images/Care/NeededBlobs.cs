using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>The manifests of <c>index.json</c> and every blob they name. Looked up under the index lock, it cannot change meanwhile.</summary>
internal static class NeededBlobs
{
    /// <exception cref="ImageStoreException">Damaged: index.json cannot be read.</exception>
    /// <exception cref="ChunkException">A manifest is missing or damaged, so that nobody can tell what it needs.</exception>
    public static HashSet<string> Of(ImageStore store, IEnumerable<string> manifestDigests)
    {
        var needed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var digest in manifestDigests)
        {
            if (needed.Add(digest))
            {
                var manifest = store.ReadManifest(digest);
                needed.UnionWith(manifest.Layers.Prepend(manifest.Config).Select(blob => blob.Digest));
            }
        }

        return needed;
    }

    public static HashSet<string> Of(ImageStore store, OciIndex index) => Of(store, index.Manifests.Select(entry => entry.Digest));
}
