namespace Caisson.Images.Tests;

/// <summary>A real source with faults put in by the test.</summary>
internal sealed class FaultySource(IBlobSource inner) : IBlobSource
{
    private int _corrupt;
    private int _fail;

    public string Name => "the faulty source";

    public TimeSpan Delay { get; init; }

    public void CorruptNext(int reads) => _corrupt = reads;

    public void FailNext(int reads) => _fail = reads;

    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => inner.ReadManifestAsync(reference, cancellationToken);

    public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay, cancellationToken);
        }

        if (Interlocked.Decrement(ref _fail) >= 0)
        {
            throw new BlobSourceException(BlobSourceError.Away, "The test took the source away.");
        }

        await inner.ReadRangeAsync(digest, offset, buffer, cancellationToken);
        if (Interlocked.Decrement(ref _corrupt) >= 0)
        {
            buffer.Span[buffer.Length / 2] ^= 0x40;
        }

        return this;
    }

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
        inner.ListReferrersAsync(digest, artifactType, cancellationToken);

    public void Reject(string digest) => inner.Reject(digest);
}

/// <summary>A source that has never anything.</summary>
internal sealed class DeadSource : IBlobSource
{
    public string Name => "nowhere";

    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => throw Away();

    public Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken) => throw Away();

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) => throw Away();

    public void Reject(string digest)
    {
    }

    private static BlobSourceException Away() => new(BlobSourceError.Away, "There is no source.");
}

/// <summary>Counts the bytes of blobs that were asked for.</summary>
internal sealed class CountingSource(IBlobSource inner) : IBlobSource
{
    private long _bytes;

    public string Name => inner.Name;

    public long Bytes => Interlocked.Read(ref _bytes);

    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => inner.ReadManifestAsync(reference, cancellationToken);

    public Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _bytes, buffer.Length);
        return inner.ReadRangeAsync(digest, offset, buffer, cancellationToken);
    }

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
        inner.ListReferrersAsync(digest, artifactType, cancellationToken);

    public void Reject(string digest) => inner.Reject(digest);
}
