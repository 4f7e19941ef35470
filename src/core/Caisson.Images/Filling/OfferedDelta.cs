using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>A delta a source offers from one generation to another: its blob, and its head once read.</summary>
internal sealed record OfferedDelta(OciDescriptor Blob, DeltaHead Head)
{
    /// <summary>Looks for the delta and reads its head. Null: there is none; a server of ours has been asked to make it for whoever comes next.</summary>
    /// <param name="indexBytes">Bytes of the new generation's index, as its manifest says: nobody has signed the delta.</param>
    /// <param name="read">Reads some of a range of the blob, at the caller's pace, and says how many bytes.</param>
    /// <exception cref="ChunkException">Invalid; nothing of it is kept.</exception>
    /// <exception cref="BlobSourceException">Away or missing.</exception>
    public static async Task<OfferedDelta?> FindAsync(IBlobSource source, string from, string to, long indexBytes, DeltaSpool spool, Func<string, long, Memory<byte>, Task<int>> read, CancellationToken cancellationToken)
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
                return new OfferedDelta(blob, await ReadHeadAsync(blob, indexBytes, spool, read).ConfigureAwait(false));
            }
        }

        await AskForAsync(source, DeltaAsk.Tag(from, to), cancellationToken).ConfigureAwait(false);
        return null;
    }

    private static async Task<DeltaHead> ReadHeadAsync(OciDescriptor blob, long indexBytes, DeltaSpool spool, Func<string, long, Memory<byte>, Task<int>> read)
    {
        if (blob.Size < DeltaFormat.HeaderBytes)
        {
            throw new ChunkException(ChunkError.Invalid, $"The delta {blob.Digest} is cut short.");
        }

        try
        {
            var header = new byte[DeltaFormat.HeaderBytes];
            await ReadAsync(header).ConfigureAwait(false);
            var length = DeltaFormat.HeadBytes(header);
            if (length > blob.Size)
            {
                throw new ChunkException(ChunkError.Invalid, $"The delta {blob.Digest} is shorter than its head says.");
            }

            if (length > DeltaFormat.MostHeadBytes(indexBytes))
            {
                throw new ChunkException(ChunkError.Invalid, $"The delta {blob.Digest} has a head that is far larger than its generation's index.");
            }

            var bytes = new byte[length];
            await ReadAsync(bytes).ConfigureAwait(false);
            return DeltaFormat.DecodeHead(bytes, indexBytes);
        }
        catch (ChunkException)
        {
            spool.Drop();
            throw;
        }

        Task ReadAsync(byte[] start) => spool.ReadAsync(spool.Head, blob.Digest, 0, start, (offset, buffer) => read(blob.Digest, offset, buffer));
    }

    /// <summary>A registry of another make has no such tag and answers so; nothing depends on the answer.</summary>
    private static async Task AskForAsync(IBlobSource source, string tag, CancellationToken cancellationToken)
    {
        try
        {
            await source.ReadManifestAsync(tag, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is BlobSourceException or ChunkException)
        {
            // Missing, as it should be; or a store's directory, which knows no tags.
        }
    }
}
