namespace Caisson.Images;

/// <summary>Counts the bytes of blobs a source gave, so that a report can say what came from where.</summary>
public sealed class CountedSource(IBlobSource inner, SourceCount count) : IBlobSource
{
    public string Name => inner.Name;

    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => inner.ReadManifestAsync(reference, cancellationToken);

    public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await inner.ReadRangeAsync(digest, offset, buffer, cancellationToken).ConfigureAwait(false);
        count.Add(buffer.Length);
        return this;
    }

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
        inner.ListReferrersAsync(digest, artifactType, cancellationToken);

    public void Reject(string digest)
    {
        count.AddRejected();
        inner.Reject(digest);
    }
}

/// <summary>What has come from one source; outlives the connections to it.</summary>
public sealed class SourceCount
{
    private long _bytes;
    private long _rejected;

    /// <summary>Bytes of blobs it gave, wrong ones included.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>How often what it gave was wrong.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    internal void Add(long bytes) => Interlocked.Add(ref _bytes, bytes);

    internal void AddRejected() => Interlocked.Increment(ref _rejected);
}
