namespace Caisson.Images;

/// <summary>
/// Where a generation's bytes come from: a store's directory, a registry, or a decorator over other sources.
/// A source need not check what it gives: whoever reads compares with the digest, and tells the giver when the bytes were wrong.
/// All members may be called from several threads at once.
/// </summary>
public interface IBlobSource
{
    /// <summary>For people: an address or a folder.</summary>
    string Name { get; }

    /// <summary>The exact bytes of a manifest.</summary>
    /// <param name="reference">A digest (<c>sha256:…</c>) or a tag.</param>
    /// <exception cref="BlobSourceException">Away, missing or invalid.</exception>
    Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Fills all of <paramref name="buffer"/> from <paramref name="offset"/> of a blob.</summary>
    /// <returns>Who gave the bytes: <see cref="Reject"/> of it is to be called when they turn out wrong.</returns>
    /// <exception cref="BlobSourceException">Away (also: fewer bytes than asked), or missing.</exception>
    Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Manifests of one artifact type whose subject is <paramref name="digest"/>; empty where there are none.</summary>
    /// <exception cref="BlobSourceException">Away.</exception>
    Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken);

    /// <summary>What this source gave of the blob were not the bytes its digest stands for.</summary>
    void Reject(string digest);
}
