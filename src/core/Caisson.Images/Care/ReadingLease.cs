using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Says to garbage collection, also in other processes, that some manifests and all they name are being read: a locked file
/// <c>tmp/reading-DIGEST-GUID</c> each. The lock ends with its holder, however that ends.
/// </summary>
internal sealed class ReadingLease : IDisposable
{
    private const string Prefix = "reading-";

    private readonly List<FileStream> _held = [];

    /// <summary>True: the reader may not write here, and somebody who may can take away what is read.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Takes leases on those of <paramref name="digests"/> that are named now; what is not is not kept.</summary>
    public static async Task<ReadingLease> TakeAsync(StoreLayout layout, Func<OciIndex, IEnumerable<string>> digests, CancellationToken cancellationToken)
    {
        var lease = new ReadingLease();
        try
        {
            // Under the index lock, so that no collection is under way and none begins between the look and the lease.
            await using var held = await layout.LockIndexAsync(cancellationToken).ConfigureAwait(false);
            foreach (var digest in digests(layout.ReadIndex()).Distinct(StringComparer.Ordinal))
            {
                var name = $"{Prefix}{ChunkId.ParseDigest(digest)}-{Guid.NewGuid():n}";
                lease._held.Add(new FileStream(Path.Combine(layout.TempDirectory, name), FileMode.CreateNew, FileAccess.Write, FileShare.None));
            }

            return lease;
        }
        catch (IOException e) when (Posix.IsReadOnly(e))
        {
            // A medium nobody may write to has no garbage collection either.
            return lease;
        }
        catch (UnauthorizedAccessException)
        {
            lease.IsRefused = true;
            return lease;
        }
        catch
        {
            lease.Dispose();
            throw;
        }
    }

    /// <summary>Digests of manifests that living processes read. Files of dead ones are removed. Under the index lock.</summary>
    public static IReadOnlyList<string> Living(StoreLayout layout)
    {
        var living = new List<string>();
        foreach (var file in Directory.EnumerateFiles(layout.TempDirectory, $"{Prefix}*"))
        {
            if (IsHeld(file))
            {
                living.Add($"sha256:{Path.GetFileName(file).Split('-')[1]}");
            }
        }

        return living;
    }

    public void Dispose()
    {
        foreach (var file in _held)
        {
            File.Delete(file.Name);
            file.Dispose();
        }

        _held.Clear();
    }

    private static bool IsHeld(string file)
    {
        try
        {
            using var dead = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None);
            File.Delete(file);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
