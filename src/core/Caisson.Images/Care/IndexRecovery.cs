using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Makes a lost or damaged <c>index.json</c> anew from the blobs: every manifest that lies in the store is named again, a generation by the name
/// and number its config holds. What had been removed but not yet collected comes back; a tag that was not a generation's own does not.
/// </summary>
internal sealed class IndexRecovery(ImageStore store, StoreLayout layout)
{
    /// <param name="isForced">Also when it is sound.</param>
    /// <returns>What was done; null: index.json is sound.</returns>
    public async Task<string?> RunAsync(bool isForced, CancellationToken cancellationToken)
    {
        await using var held = await layout.LockIndexAsync(cancellationToken).ConfigureAwait(false);
        if (!isForced && IsSound())
        {
            return null;
        }

        var entries = new List<(OciDescriptor Entry, DateTimeOffset Created)>();
        foreach (var file in new DirectoryInfo(layout.BlobDirectory).EnumerateFiles().Where(file => file.Length <= Limits.MaxManifestBytes))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryRead(file) is { } found)
            {
                entries.Add(found);
            }
        }

        // Two of one name: the one imported last keeps it, the other stays without.
        var manifests = entries.OrderByDescending(found => found.Created).ThenBy(found => found.Entry.Digest, StringComparer.Ordinal)
            .Select(found => found.Entry)
            .GroupBy(entry => ImageStore.RefName(entry) ?? entry.Digest, StringComparer.Ordinal)
            .SelectMany(group => group.Select((entry, rank) => rank == 0 ? entry : entry with { Annotations = null }))
            .ToList();
        layout.WriteIndex(new OciIndex { Manifests = manifests }, () => { });
        return $"index.json was made anew from the store's blobs: {manifests.Count(entry => entry.ArtifactType == MediaTypes.Generation)} generations.";
    }

    private bool IsSound()
    {
        try
        {
            layout.ReadIndex();
            return File.Exists(layout.IndexFile) || !Directory.EnumerateFiles(layout.BlobDirectory).Any();
        }
        catch (ImageStoreException)
        {
            return false;
        }
    }

    private (OciDescriptor Entry, DateTimeOffset Created)? TryRead(FileInfo file)
    {
        try
        {
            var bytes = File.ReadAllBytes(file.FullName);
            if (bytes is not [(byte)'{', ..])
            {
                return null;
            }

            var digest = $"sha256:{file.Name}";
            var manifest = OciManifest.Parse(bytes, digest);
            var entry = new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = digest, Size = bytes.Length, ArtifactType = manifest.ArtifactType };
            if (manifest.ArtifactType != MediaTypes.Generation)
            {
                return manifest.ArtifactType is null ? null : (entry, DateTimeOffset.MinValue);
            }

            var config = ReadConfig(manifest);
            return (config is null ? entry : entry with { Annotations = ImageStore.RefAnnotations(config.Name, $"{config.Number}") }, config?.Created ?? DateTimeOffset.MinValue);
        }
        catch (ChunkException)
        {
            // Not a manifest, or a damaged one.
            return null;
        }
    }

    private GenerationConfig? ReadConfig(OciManifest manifest)
    {
        try
        {
            return store.ReadConfig(manifest);
        }
        catch (ChunkException)
        {
            // Lost: the generation stays without a name until the blob is put back and index.json is made again.
            return null;
        }
    }
}
