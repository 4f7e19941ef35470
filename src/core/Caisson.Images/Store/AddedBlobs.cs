namespace Caisson.Images;

/// <summary>
/// The blobs one import or delta brings into a store. Until <see cref="Keep"/> they belong to nobody, and disposing takes them out again: a full
/// disk must not be left fuller by what failed on it. Used under the import lock.
/// </summary>
internal sealed class AddedBlobs(StoreLayout layout) : IDisposable
{
    private readonly List<string> _added = [];

    /// <summary>Adds a small blob.</summary>
    public OciDescriptor Write(ReadOnlySpan<byte> bytes, string mediaType)
    {
        Remember(Chunks.ChunkId.Of(bytes).Digest);
        return layout.WriteBlob(bytes, mediaType);
    }

    /// <summary>Moves a finished, synced file in; one that is there already is kept. The caller syncs the directory.</summary>
    public void Adopt(string file, string digest)
    {
        Remember(digest);
        layout.AdoptBlob(file, digest);
    }

    /// <summary>Something in <c>index.json</c> names them now.</summary>
    public void Keep() => _added.Clear();

    public void Dispose() => _added.ForEach(digest => File.Delete(layout.BlobPath(digest)));

    private void Remember(string digest)
    {
        if (!File.Exists(layout.BlobPath(digest)))
        {
            _added.Add(digest);
        }
    }
}
