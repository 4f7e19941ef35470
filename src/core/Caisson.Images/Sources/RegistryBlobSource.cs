namespace Caisson.Images;

/// <summary>One repository of an OCI registry (distribution-spec 1.1). The client's base address is the registry's root, ending in '/'.</summary>
public sealed class RegistryBlobSource(HttpClient client, string repository) : IBlobSource
{
    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => throw new NotSupportedException(repository + client.BaseAddress);

    public Task ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) => throw new NotSupportedException();
}
