using Caisson.Images;

namespace Caisson.Crash.Filler;

/// <summary>A line of a few MiB/s, so that a fill lasts longer than one checkpoint.</summary>
internal sealed class SlowSource(IBlobSource inner) : IBlobSource
{
    private const double BytesPerSecond = 2 << 20;

    public string Name => inner.Name;

    public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => inner.ReadManifestAsync(reference, cancellationToken);

    public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(buffer.Length / BytesPerSecond), cancellationToken);
        return await inner.ReadRangeAsync(digest, offset, buffer, cancellationToken);
    }

    public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) =>
        inner.ListReferrersAsync(digest, artifactType, cancellationToken);

    public void Reject(string digest) => inner.Reject(digest);
}
