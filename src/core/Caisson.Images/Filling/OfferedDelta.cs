using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>A delta a source offers from one generation to another: its blob, and its head once read.</summary>
internal sealed record OfferedDelta(OciDescriptor Blob, DeltaHead Head)
{
    private const int MaxRequestBytes = 1024 * 1024;

    /// <summary>Looks for the delta and reads its head. Null: there is none.</summary>
    /// <param name="read">Reads a range of the blob, at the caller's pace.</param>
    /// <exception cref="ChunkException">Invalid.</exception>
    /// <exception cref="BlobSourceException">Away or missing.</exception>
    public static async Task<OfferedDelta?> FindAsync(IBlobSource source, string from, string to, Func<string, long, Memory<byte>, Task> read, CancellationToken cancellationToken)
    {
        foreach (var referrer in await source.ListReferrersAsync(to, MediaTypes.Delta, cancellationToken).ConfigureAwait(false))
        {
            // The registry's list may carry the annotations; then only the right manifest is asked for.
            if (referrer.Annotations?.TryGetValue(MediaTypes.BaseAnnotation, out var known) == true && known != from)
            {
                continue;
            }

            var manifest = OciManifest.Parse(await source.ReadManifestAsync(referrer.Digest, cancellationToken).ConfigureAwait(false), referrer.Digest);
            if (manifest is { ArtifactType: MediaTypes.Delta, Layers: [var blob] } && manifest.Annotations?.GetValueOrDefault(MediaTypes.BaseAnnotation) == from)
            {
                return new OfferedDelta(blob, await ReadHeadAsync(blob, read).ConfigureAwait(false));
            }
        }

        return null;
    }

    private static async Task<DeltaHead> ReadHeadAsync(OciDescriptor blob, Func<string, long, Memory<byte>, Task> read)
    {
        if (blob.Size < DeltaFormat.HeaderBytes)
        {
            throw new ChunkException(ChunkError.Invalid, $"The delta {blob.Digest} is cut short.");
        }

        var header = new byte[DeltaFormat.HeaderBytes];
        await read(blob.Digest, 0, header).ConfigureAwait(false);
        var length = DeltaFormat.HeadBytes(header);
        if (length > blob.Size)
        {
            throw new ChunkException(ChunkError.Invalid, $"The delta {blob.Digest} is shorter than its head says.");
        }

        var bytes = new byte[length];
        header.CopyTo(bytes, 0);
        for (var done = header.Length; done < bytes.Length; done += MaxRequestBytes)
        {
            await read(blob.Digest, done, bytes.AsMemory(done, Math.Min(MaxRequestBytes, bytes.Length - done))).ConfigureAwait(false);
        }

        return DeltaFormat.DecodeHead(bytes);
    }
}
