using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// The blobs one import, delta or push brings into a store. Until <see cref="Keep"/> they belong to nobody, and disposing takes them out again
/// unless somebody else has come to need them: a full disk must not be left fuller by what failed on it.
/// </summary>
internal sealed class AddedBlobs(ImageStore store, StoreLayout layout, TimeProvider time) : IAsyncDisposable
{
    private readonly List<string> _added = [];

    /// <summary>Adds a small blob.</summary>
    public OciDescriptor Write(ReadOnlySpan<byte> bytes, string mediaType)
    {
        Remember(ChunkId.Of(bytes).Digest);
        return layout.WriteBlob(bytes, mediaType);
    }

    /// <summary>Moves a finished, synced file in. The caller syncs the directory.</summary>
    public void Adopt(string file, string digest)
    {
        Remember(digest);
        layout.AdoptBlob(file, digest);
    }

    /// <summary>Something in <c>index.json</c> names them now.</summary>
    public void Keep() => _added.Clear();

    public async ValueTask DisposeAsync()
    {
        if (_added.Count == 0)
        {
            return;
        }

        try
        {
            await using var held = await layout.LockIndexAsync(CancellationToken.None).ConfigureAwait(false);
            var needed = NeededBlobs.Of(store, layout.ReadIndex());
            var marks = new PushMarks(layout);
            foreach (var digest in _added.Where(digest => !needed.Contains(digest) && !marks.Has(digest, time.GetUtcNow())))
            {
                File.Delete(layout.BlobPath(digest));
            }
        }
        catch (Exception e) when (e is ChunkException or ImageStoreException or IOException)
        {
            // Nobody can tell what is needed, so nothing goes; garbage collection takes it once the store is mended.
        }
    }

    private void Remember(string digest)
    {
        if (!File.Exists(layout.BlobPath(digest)))
        {
            _added.Add(digest);
        }
    }
}
