using System.Collections.Concurrent;
using System.Security.Cryptography;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>What a repair did.</summary>
/// <param name="Repaired">One sentence for each thing put right.</param>
/// <param name="Left">One sentence for each thing no source could mend; empty when the store is sound now.</param>
public sealed record RepairResult(int Blobs, long RepairedBytes, IReadOnlyList<string> Repaired, IReadOnlyList<string> Left);

/// <summary>
/// Compares every needed byte with its digest and puts back what is wrong: index.json from the store's own blobs, then manifests, then what they
/// name, each from the first source that gives the right bytes. A blob is made beside the store and takes its name when verified; whoever
/// reads the damaged one meanwhile goes on reading it. Runs beside everything but imports, deltas and garbage collection, which wait.
/// </summary>
internal sealed class StoreRepair(ImageStore store, StoreLayout layout, IReadOnlyList<IBlobSource> sources, TimeProvider time, IProgress<ImageProgress>? progress)
{
    private const int PieceBytes = 4 << 20;

    private readonly ConcurrentBag<string> _repaired = [];
    private readonly ConcurrentBag<string> _left = [];
    private long _repairedBytes;

    public async Task<RepairResult> RunAsync(IReadOnlyList<string> expectedManifests, CancellationToken cancellationToken)
    {
        progress?.Report(new ImageProgress("Waiting for the store", 0, 0, 0, null));
        await using var imports = await layout.LockAsync("import.lock", cancellationToken).ConfigureAwait(false);
        var recovery = new IndexRecovery(store, layout);
        var recovered = await recovery.RunAsync(isForced: false, cancellationToken).ConfigureAwait(false);

        var blobs = new Dictionary<string, OciDescriptor>(StringComparer.Ordinal);
        foreach (var digest in layout.ReadIndex().Manifests.Select(entry => entry.Digest).Concat(expectedManifests).Distinct(StringComparer.Ordinal))
        {
            if (await MendManifestAsync(digest, cancellationToken).ConfigureAwait(false) is { } manifest)
            {
                foreach (var blob in manifest.Layers.Prepend(manifest.Config))
                {
                    blobs.TryAdd(blob.Digest, blob);
                }
            }
        }

        var meter = new ProgressMeter("Repairing", blobs.Values.Sum(blob => blob.Size), time, progress);
        await Parallel.ForEachAsync(blobs.Values, cancellationToken, async (blob, token) =>
        {
            await MendBlobAsync(blob, token).ConfigureAwait(false);
            meter.Add(blob.Size);
        }).ConfigureAwait(false);
        if (recovered is not null)
        {
            // Once more: names stand in blobs that may have been put back only now.
            _repaired.Add(await recovery.RunAsync(isForced: true, cancellationToken).ConfigureAwait(false) ?? recovered);
        }

        return new RepairResult(blobs.Count, _repairedBytes, [.. _repaired.Order(StringComparer.Ordinal)], [.. _left.Order(StringComparer.Ordinal)]);
    }

    /// <returns>Null: it is lost, and said so.</returns>
    private async Task<OciManifest?> MendManifestAsync(string digest, CancellationToken cancellationToken)
    {
        try
        {
            return store.ReadManifest(digest);
        }
        catch (Exception e) when (e is ChunkException or IOException)
        {
            // Damaged, missing or unreadable: from another place then.
        }

        var reasons = new List<string>();
        foreach (var source in sources)
        {
            try
            {
                var bytes = await source.ReadManifestAsync(digest, cancellationToken).ConfigureAwait(false);
                var manifest = OciManifest.Parse(bytes, digest);
                layout.ReplaceBlob(digest, bytes);
                Mended($"The manifest {digest}", bytes.Length);
                return manifest;
            }
            catch (Exception e) when (e is ChunkException or BlobSourceException)
            {
                reasons.Add(e.Message);
            }
        }

        _left.Add($"The manifest {digest} is damaged or missing and could not be put back, nor what it names. {Reasons(reasons)}");
        return null;
    }

    private async Task MendBlobAsync(OciDescriptor blob, CancellationToken cancellationToken)
    {
        if (await IsSoundAsync(blob, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var reasons = new List<string>();
        foreach (var source in sources)
        {
            var part = layout.NewTempFile();
            try
            {
                await FetchAsync(source, blob, part, cancellationToken).ConfigureAwait(false);
                WholeFile.Publish(part, layout.BlobPath(blob.Digest));
                Mended($"The blob {blob.Digest}", blob.Size);
                return;
            }
            catch (Exception e) when (e is ChunkException or BlobSourceException)
            {
                reasons.Add(e.Message);
            }
            finally
            {
                File.Delete(part);
            }
        }

        _left.Add($"The blob {blob.Digest} is damaged or missing and could not be put back. {Reasons(reasons)}");
    }

    private async Task<bool> IsSoundAsync(OciDescriptor blob, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = new FileStream(layout.BlobPath(blob.Digest), FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            return file.Length == blob.Size && new ChunkId(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false)).Digest == blob.Digest;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <exception cref="ChunkException">Invalid: the source gave other bytes.</exception>
    private static async Task FetchAsync(IBlobSource source, OciDescriptor blob, string part, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = new FileStream(part, FileMode.CreateNew, FileAccess.Write);
        var buffer = new byte[(int)Math.Min(blob.Size, PieceBytes)];
        for (var offset = 0L; offset < blob.Size;)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(buffer.Length, blob.Size - offset));
            await source.ReadRangeAsync(blob.Digest, offset, piece, cancellationToken).ConfigureAwait(false);
            hash.AppendData(piece.Span);
            await file.WriteAsync(piece, cancellationToken).ConfigureAwait(false);
            offset += piece.Length;
        }

        if (new ChunkId(hash.GetHashAndReset()).Digest != blob.Digest)
        {
            throw new ChunkException(ChunkError.Invalid, "The source gave other bytes: it is damaged too.");
        }

        file.Flush(flushToDisk: true);
    }

    private void Mended(string what, long bytes)
    {
        _repaired.Add($"{what} was put back.");
        Interlocked.Add(ref _repairedBytes, bytes);
    }

    private static string Reasons(List<string> reasons) =>
        reasons.Count == 0 ? "Name a source that has it with --from." : string.Join(' ', reasons.Distinct(StringComparer.Ordinal));
}
