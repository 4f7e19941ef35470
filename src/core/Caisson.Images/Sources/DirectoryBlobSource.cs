using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>A store's directory as a source: this machine's own store, or a USB medium.</summary>
public sealed class DirectoryBlobSource(ImageStore store) : IBlobSource
{
    public string Name => store.Directory;

    /// <summary>Keeps a generation and what refers to it from garbage collection while it is copied; null: the source is no store of this machine.</summary>
    internal static async Task<ReadingLease?> LeaseAsync(IBlobSource source, string manifestDigest, CancellationToken cancellationToken) =>
        source is DirectoryBlobSource directory ? await directory.Store.LeaseWithReferrersAsync(manifestDigest, cancellationToken).ConfigureAwait(false) : null;

    private ImageStore Store => store;

    public async Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken)
    {
        var path = store.BlobPath(reference);
        return File.Exists(path) && new FileInfo(path).Length <= Limits.MaxManifestBytes
            ? await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false)
            : throw new BlobSourceException(BlobSourceError.Missing, $"The store {store.Directory} has no manifest {reference}.");
    }

    public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            using var file = File.OpenHandle(store.BlobPath(digest), options: FileOptions.Asynchronous);
            while (buffer.Length > 0)
            {
                var got = await RandomAccess.ReadAsync(file, buffer, offset, cancellationToken).ConfigureAwait(false);
                if (got == 0)
                {
                    throw new BlobSourceException(BlobSourceError.Away, $"The blob {digest} in {store.Directory} is cut short.");
                }

                buffer = buffer[got..];
                offset += got;
            }

            return this;
        }
        catch (FileNotFoundException e)
        {
            throw new BlobSourceException(BlobSourceError.Missing, $"The store {store.Directory} has no blob {digest}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BlobSourceException(BlobSourceError.Away, $"The store {store.Directory} cannot be read: {e.Message}", e);
        }
    }

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
        Task.FromResult(store.ListReferrers(digest, artifactType));

    public void Reject(string digest)
    {
        // Nothing to remember: who has other sources asks them first.
    }
}
