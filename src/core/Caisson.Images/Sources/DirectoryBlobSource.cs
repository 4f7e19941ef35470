namespace Caisson.Images;

/// <summary>A store's directory as a source: this machine's own store, or a USB medium.</summary>
public sealed class DirectoryBlobSource(ImageStore store) : IBlobSource
{
    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => throw new NotSupportedException(store.Directory);

    public Task ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) => throw new NotSupportedException();
}
