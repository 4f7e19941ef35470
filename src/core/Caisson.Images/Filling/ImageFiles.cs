using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>The files of one self-filling image: its raw file, what of it is present, and copies of its manifest and index.</summary>
internal sealed class ImageFiles(string directory)
{
    private const int IndexPartBytes = 1024 * 1024;

    public string Image => Path.Combine(directory, "image.raw");

    public string Present => Path.Combine(directory, "image.present");

    /// <summary>A raw file with damaged chunks replaced, until it takes the raw file's place.</summary>
    public string Repaired => Path.Combine(directory, "image.repaired");

    /// <summary>Where the care of a complete image stands.</summary>
    public string Care => Path.Combine(directory, "image.care");

    /// <summary>In which order a boot read the disk; a hint.</summary>
    public string BootProfile => Path.Combine(directory, "boot.profile");

    public string Lock => Path.Combine(directory, "image.lock");

    private string Manifest => Path.Combine(directory, "manifest.json");

    private string Index => Path.Combine(directory, "image.index");

    /// <summary>The manifest and index named by the digest: from the directory, else from the source and then kept.</summary>
    /// <param name="indexFromDelta">Asked for the index, of so many bytes, first; null is that it cannot give it.</param>
    public async Task<ImageIndex> LoadAsync(string manifestDigest, IBlobSource source, Func<long, Task<byte[]?>> indexFromDelta, CancellationToken cancellationToken)
    {
        var manifest = OciManifest.Parse(
            await LoadAsync(Manifest, manifestDigest, () => source.ReadManifestAsync(manifestDigest, cancellationToken)).ConfigureAwait(false), manifestDigest);
        var layer = manifest.IndexLayer();
        var bytes = await LoadAsync(Index, layer.Digest, async () =>
            await indexFromDelta(layer.Size).ConfigureAwait(false) is { } made && ChunkId.Of(made).Digest == layer.Digest
                ? made
                : await ReadBlobAsync(source, layer, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        return ImageIndex.Decode(bytes);
    }

    /// <summary>Takes away what a kill has left of files that were being written; one process at a time has the directory.</summary>
    public void SweepParts()
    {
        File.Delete(Repaired);
        foreach (var part in System.IO.Directory.EnumerateFiles(directory, "*.part"))
        {
            File.Delete(part);
        }
    }

    /// <summary>True: files here can share their bytes (reflink), tried with two small ones.</summary>
    public bool CanShare()
    {
        string[] names = [Path.Combine(directory, "share.1"), Path.Combine(directory, "share.2")];
        try
        {
            File.WriteAllBytes(names[0], new byte[Limits.BlockBytes]);
            using var source = File.OpenHandle(names[0]);
            using var target = File.OpenHandle(names[1], FileMode.Create, FileAccess.ReadWrite);
            return Posix.TryCloneRange(source, 0, 0, target, 0);
        }
        catch (IOException)
        {
            return false; // A full disk; nothing can be promised then.
        }
        finally
        {
            File.Delete(names[0]);
            File.Delete(names[1]);
        }
    }

    /// <summary>The index a directory was made for; null if it has none that is whole.</summary>
    public (ChunkId Manifest, ImageIndex Index)? TryLoad()
    {
        if (!File.Exists(Manifest) || !File.Exists(Index))
        {
            return null;
        }

        try
        {
            var bytes = File.ReadAllBytes(Manifest);
            var layer = OciManifest.Parse(bytes).IndexLayer();
            var index = File.ReadAllBytes(Index);
            return ChunkId.Of(index).Digest == layer.Digest ? (ChunkId.Of(bytes), ImageIndex.Decode(index)) : null;
        }
        catch (ChunkException)
        {
            return null;
        }
    }

    private static async Task<byte[]> LoadAsync(string file, string digest, Func<Task<byte[]>> fetch)
    {
        if (File.Exists(file))
        {
            var kept = await File.ReadAllBytesAsync(file).ConfigureAwait(false);
            if (ChunkId.Of(kept).Digest == digest)
            {
                return kept;
            }
        }

        var bytes = await fetch().ConfigureAwait(false);
        if (ChunkId.Of(bytes).Digest != digest)
        {
            throw new ChunkException(ChunkError.Invalid, $"The source gave other bytes for {digest}. Ask again, or look at what lies between.");
        }

        WholeFile.Write(file, bytes);
        return bytes;
    }

    private static async Task<byte[]> ReadBlobAsync(IBlobSource source, OciDescriptor blob, CancellationToken cancellationToken)
    {
        if (blob.Size > Limits.MaxIndexBytes)
        {
            throw new ChunkException(ChunkError.Invalid, $"The index {blob.Digest} is larger than an index may be.");
        }

        var bytes = new byte[blob.Size];
        var givers = new HashSet<IBlobSource>();
        for (var done = 0; done < bytes.Length; done += IndexPartBytes)
        {
            var part = bytes.AsMemory(done, Math.Min(IndexPartBytes, bytes.Length - done));
            givers.Add(await source.ReadRangeAsync(blob.Digest, done, part, cancellationToken).ConfigureAwait(false));
        }

        if (ChunkId.Of(bytes).Digest != blob.Digest)
        {
            foreach (var giver in givers)
            {
                giver.Reject(blob.Digest);
            }
        }

        return bytes;
    }
}
