namespace Caisson.Images;

/// <summary>Whatever source is the current one at each read: sources may be set anew while an image is open.</summary>
public sealed class CurrentSource(Func<IBlobSource> current) : IBlobSource
{
    public string Name => current().Name;

    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => current().ReadManifestAsync(reference, cancellationToken);

    public Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken) =>
        current().ReadRangeAsync(digest, offset, buffer, cancellationToken);

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
        current().ListReferrersAsync(digest, artifactType, cancellationToken);

    public void Reject(string digest) => current().Reject(digest);
}
