using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>What a garbage collection took away, or would.</summary>
/// <param name="Blobs">Blobs no manifest of index.json names and nobody pushes or reads.</param>
/// <param name="Bytes">Bytes of the files that went: blobs and what interrupted work left.</param>
/// <param name="KeptBlobs">Blobs that are unnamed too, but being pushed or read.</param>
public sealed record GarbageResult(int Blobs, long Bytes, int KeptBlobs, long KeptBytes);

/// <summary>
/// Takes away the blobs nobody needs, beside everything else that may use the store (docs/adr/0013-garbage-collection.md):
/// 1 the import lock: no import, delta or other collection runs, so packs a new index refers to stay;
/// 2 the index lock: nothing becomes named meanwhile, and whoever names looks under this lock whether his blobs are there;
/// 3 mark: all that index.json's manifests and the manifests being read name; a manifest that cannot be read ends it, with nothing taken;
/// 4 sweep: an unmarked blob is renamed into a folder of its own, and renamed back if a push mark has appeared for it; 5 unlock, delete.
/// A crash leaves blobs unnamed or in that folder; the next collection takes them.
/// </summary>
internal sealed class GarbageCollection(ImageStore store, StoreLayout layout, TimeProvider time, IProgress<ImageProgress>? progress)
{
    /// <summary>An interrupted import may still be gone on with, for so long.</summary>
    private static readonly TimeSpan LongestInterruption = TimeSpan.FromDays(7);

    private readonly PushMarks _marks = new(layout);
    private int _blobs;
    private long _bytes;
    private int _keptBlobs;
    private long _keptBytes;

    /// <param name="isDry">Only counts.</param>
    public async Task<GarbageResult> RunAsync(bool isDry, CancellationToken cancellationToken)
    {
        progress?.Report(new ImageProgress("Waiting for the store", 0, 0, 0, null));
        await using var imports = await layout.LockAsync("import.lock", cancellationToken).ConfigureAwait(false);
        var trash = Path.Combine(layout.TempDirectory, "trash");
        await using (await layout.LockIndexAsync(cancellationToken).ConfigureAwait(false))
        {
            if (!isDry)
            {
                Directory.CreateDirectory(trash);
            }

            Sweep(Needed(), isDry ? null : trash, cancellationToken);
        }

        TakeLeftovers(isDry);
        Empty(trash, isDry);
        return new GarbageResult(_blobs, _bytes, _keptBlobs, _keptBytes);
    }

    /// <exception cref="ImageStoreException">Damaged: what is needed cannot be told.</exception>
    private (HashSet<string> Named, HashSet<string> Read) Needed()
    {
        if (!File.Exists(layout.IndexFile) && Directory.EnumerateFiles(layout.BlobDirectory).Any())
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{layout.IndexFile} is missing, so nobody can tell what is needed. Nothing was taken away; run 'caisson store repair' first.");
        }

        try
        {
            return (NeededBlobs.Of(store, layout.ReadIndex()), NeededBlobs.Of(store, ReadingLease.Living(layout).Where(digest => File.Exists(layout.BlobPath(digest)))));
        }
        catch (ChunkException e)
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{e.Message} Nobody can tell what it needs, so nothing was taken away; run 'caisson store repair' first.", e);
        }
    }

    private void Sweep((HashSet<string> Named, HashSet<string> Read) needed, string? trash, CancellationToken cancellationToken)
    {
        foreach (var file in new DirectoryInfo(layout.BlobDirectory).EnumerateFiles())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (digest, length) = ($"sha256:{file.Name}", file.Length);
            if (!ChunkId.TryParseDigest(digest, out _) || needed.Named.Contains(digest))
            {
                continue;
            }

            if (needed.Read.Contains(digest) || _marks.Has(digest, time.GetUtcNow()) || (trash is not null && !TryTake(file.FullName, Path.Combine(trash, file.Name), digest)))
            {
                (_keptBlobs, _keptBytes) = (_keptBlobs + 1, _keptBytes + length);
                continue;
            }

            (_blobs, _bytes) = (_blobs + 1, _bytes + length);
        }
    }

    /// <summary>False: a pusher has been told just now that the blob is here, and so it stays.</summary>
    private bool TryTake(string file, string target, string digest)
    {
        File.Move(file, target, overwrite: true);
        if (!_marks.Has(digest, time.GetUtcNow()))
        {
            return true;
        }

        if (!File.Exists(file))
        {
            File.Move(target, file);
        }

        return false;
    }

    /// <summary>What work that was killed has left in <c>tmp</c>. Nobody imports or makes a delta now.</summary>
    private void TakeLeftovers(bool isDry)
    {
        var now = time.GetUtcNow();
        if (!isDry)
        {
            _marks.Sweep(now);
        }

        var temp = new DirectoryInfo(layout.TempDirectory);
        foreach (var folder in temp.EnumerateDirectories("import-*").Where(folder => folder.Name != ImageImport.FolderName || now.UtcDateTime - folder.LastWriteTimeUtc > LongestInterruption))
        {
            _bytes += folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
            if (!isDry)
            {
                folder.Delete(recursive: true);
            }
        }

        // Uploads and small writes go on meanwhile: a file that has taken its name since it was listed is not there any more.
        foreach (var file in temp.EnumerateFiles("blob-*").Where(file => file.Exists && now.UtcDateTime - file.LastWriteTimeUtc > PushMarks.LongestPush))
        {
            _bytes += file.Length;
            if (!isDry)
            {
                file.Delete();
            }
        }
    }

    private void Empty(string trash, bool isDry)
    {
        if (isDry)
        {
            return;
        }

        var meter = new ProgressMeter("Taking away", _bytes, time, progress);
        foreach (var file in new DirectoryInfo(trash).EnumerateFiles())
        {
            var length = file.Length;
            file.Delete();
            meter.Add(length);
        }

        Directory.Delete(trash, recursive: true);
    }
}
