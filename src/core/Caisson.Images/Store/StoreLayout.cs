using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// The files of a store (OCI image-spec 1.1, image-layout.md) and the one way they change: a temporary file beside the target,
/// fsync, rename, fsync of the directory. <c>index.json</c> has one writer at a time, by a lock file.
/// </summary>
internal sealed class StoreLayout
{
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(20);

    private StoreLayout(string directory) => Directory = directory;

    public string Directory { get; }

    public string BlobDirectory => Path.Combine(Directory, "blobs", "sha256");

    public string TempDirectory => Path.Combine(Directory, "tmp");

    public string IndexFile => Path.Combine(Directory, "index.json");

    public static StoreLayout Open(string directory)
    {
        var layout = new StoreLayout(Path.GetFullPath(directory));
        var marker = Path.Combine(layout.Directory, "oci-layout");
        if (!File.Exists(marker))
        {
            if (System.IO.Directory.Exists(layout.Directory) && System.IO.Directory.EnumerateFileSystemEntries(layout.Directory).Any(entry => Path.GetFileName(entry) is not ("blobs" or "tmp")))
            {
                throw new ImageStoreException(ImageStoreError.BadInput, $"{directory} is not a store: it has files but no 'oci-layout'. Name an empty or new directory.");
            }

            layout.MakeFolders();
            layout.WriteWhole(marker, """{"imageLayoutVersion":"1.0.0"}"""u8, () => { });
        }

        layout.MakeFolders();
        layout.MakeIndex();
        return layout;
    }

    public string BlobPath(string digest) => Path.Combine(BlobDirectory, ChunkId.ParseDigest(digest).ToString());

    public OciIndex ReadIndex()
    {
        if (!File.Exists(IndexFile))
        {
            return new OciIndex { Manifests = [] };
        }

        try
        {
            return OciIndex.Parse(File.ReadAllBytes(IndexFile));
        }
        catch (JsonException e)
        {
            throw new ImageStoreException(ImageStoreError.Damaged, $"{IndexFile} is damaged: it is not an OCI index. 'caisson store repair' makes it anew from the store's blobs.", e);
        }
    }

    /// <summary>Changes index.json; readers see the old or the new one.</summary>
    /// <param name="changed">Called once the new one is on the disk, just before it takes its name.</param>
    public async Task UpdateIndexAsync(Func<OciIndex, OciIndex> change, Action changed, CancellationToken cancellationToken)
    {
        await using var held = await LockIndexAsync(cancellationToken).ConfigureAwait(false);
        WriteIndex(change(ReadIndex()), changed);
    }

    /// <summary>Whoever holds this alone decides what <c>index.json</c> names, and so which blobs somebody needs.</summary>
    public Task<FileStream> LockIndexAsync(CancellationToken cancellationToken) => LockAsync("index.lock", cancellationToken);

    /// <summary>Replaces index.json, under its lock.</summary>
    public void WriteIndex(OciIndex index, Action changed) =>
        WriteWhole(IndexFile, JsonSerializer.SerializeToUtf8Bytes(index, OciJson.Default.OciIndex), changed);

    /// <summary>Waits until no other process or thread holds the lock. It ends with its holder, however that ends.</summary>
    public async Task<FileStream> LockAsync(string name, CancellationToken cancellationToken)
    {
        var file = Path.Combine(TempDirectory, name);
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (DirectoryNotFoundException) when (System.IO.Directory.Exists(Directory))
            {
                MakeFolders(); // Somebody has taken 'tmp' away, which nothing forbids.
            }
            catch (IOException e) when (Posix.IsHeld(e))
            {
                await Task.Delay(LockRetry, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Adds a small blob.</summary>
    public OciDescriptor WriteBlob(ReadOnlySpan<byte> bytes, string mediaType)
    {
        var digest = ChunkId.Of(bytes).Digest;
        if (!File.Exists(BlobPath(digest)))
        {
            WriteWhole(BlobPath(digest), bytes, () => { });
        }

        return new OciDescriptor { MediaType = mediaType, Digest = digest, Size = bytes.Length };
    }

    /// <summary>Gives a blob its right bytes, whatever lies there now.</summary>
    public void ReplaceBlob(string digest, ReadOnlySpan<byte> bytes) => WriteWhole(BlobPath(digest), bytes, () => { });

    /// <summary>
    /// Moves a finished, synced file in as a blob, in the place of one that is there already: that is the same, or damaged. A file that is gone while its blob
    /// is here was moved by a run that ended right after it. The caller syncs the directory.
    /// </summary>
    public void AdoptBlob(string file, string digest)
    {
        if (File.Exists(file) || !File.Exists(BlobPath(digest)))
        {
            File.Move(file, BlobPath(digest), overwrite: true);
        }
    }

    public byte[] ReadSmallBlob(string digest, long limit)
    {
        var path = BlobPath(digest);
        if (!File.Exists(path))
        {
            throw new ChunkException(ChunkError.Missing, $"The store has no blob {digest}.");
        }

        if (new FileInfo(path).Length > limit)
        {
            throw new ChunkException(ChunkError.Invalid, $"The blob {digest} is larger than its kind may be.");
        }

        var bytes = File.ReadAllBytes(path);
        return ChunkId.Of(bytes).Digest == digest ? bytes : throw new ChunkException(ChunkError.Invalid, $"The blob {digest} is damaged: its bytes have another hash.");
    }

    /// <summary>A name in <c>tmp</c> for a file that will be moved into the store.</summary>
    public string NewTempFile() => Path.Combine(TempDirectory, $"blob-{Guid.NewGuid():n}");

    /// <summary>Takes away what was left in <c>tmp</c> by uploads and writes last written before <paramref name="time"/> (UTC): they were killed.</summary>
    public void SweepTempFiles(DateTime time)
    {
        foreach (var file in System.IO.Directory.EnumerateFiles(TempDirectory, "blob-*").Where(file => File.GetLastWriteTimeUtc(file) < time))
        {
            File.Delete(file);
        }
    }

    private void MakeFolders()
    {
        System.IO.Directory.CreateDirectory(BlobDirectory);
        System.IO.Directory.CreateDirectory(TempDirectory);
    }

    /// <summary>Only a store without blobs may lack one; that of a store with blobs is lost, and 'repair' makes it anew.</summary>
    private void MakeIndex()
    {
        if (File.Exists(IndexFile) || System.IO.Directory.EnumerateFiles(BlobDirectory).Any())
        {
            return;
        }

        var part = NewTempFile();
        try
        {
            WholeFile.WritePart(part, JsonSerializer.SerializeToUtf8Bytes(new OciIndex { Manifests = [] }, OciJson.Default.OciIndex));
            File.Move(part, IndexFile, overwrite: false);
            Posix.SyncDirectory(Directory);
        }
        catch (IOException) when (File.Exists(IndexFile))
        {
            // Another process has opened the store at the same moment.
        }
        finally
        {
            File.Delete(part);
        }
    }

    private void WriteWhole(string path, ReadOnlySpan<byte> bytes, Action published)
    {
        var part = NewTempFile();
        try
        {
            WholeFile.WritePart(part, bytes);
            published();
            WholeFile.Publish(part, path);
        }
        finally
        {
            File.Delete(part);
        }
    }
}
