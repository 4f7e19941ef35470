namespace Caisson.Images;

/// <summary>
/// Where a generation's bytes come from: a store's directory, a registry, or a decorator over another source.
/// A source checks nothing: whoever reads compares with the digest. All members may be called from several threads at once.
/// </summary>
public interface IBlobSource
{
    /// <summary>The exact bytes of a manifest.</summary>
    /// <param name="reference">A digest (<c>sha256:…</c>) or a tag.</param>
    /// <exception cref="BlobSourceException">Away or missing.</exception>
    Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Fills all of <paramref name="buffer"/> from <paramref name="offset"/> of a blob.</summary>
    /// <exception cref="BlobSourceException">Away (also: fewer bytes than asked), or missing.</exception>
    Task ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken);

    /// <summary>Manifests of one artifact type whose subject is <paramref name="digest"/>; empty where there are none.</summary>
    /// <exception cref="BlobSourceException">Away.</exception>
    Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken);
}

/// <summary>Why a source gave nothing.</summary>
public enum BlobSourceError
{
    /// <summary>No answer, a broken answer or a server's error: try again later.</summary>
    Away,

    /// <summary>The source answers that it has no such blob.</summary>
    Missing,
}

/// <summary>A source did not give the bytes. The message is a sentence for people and names the source.</summary>
public sealed class BlobSourceException(BlobSourceError error, string message, Exception? inner = null) : Exception(message, inner)
{
    public BlobSourceError Error { get; } = error;
}
