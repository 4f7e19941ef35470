using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>The files of an image directory as an <see cref="IImageDisk"/>.</summary>
internal sealed class ImageDisk : IImageDisk
{
    private readonly ImageFiles _files;
    private volatile SafeFileHandle _image;

    private ImageDisk(ImageFiles files, SafeFileHandle image) => (_files, _image) = (files, image);

    /// <summary>Opens the raw file and loads its map, or makes both anew where they do not fit the index.</summary>
    /// <param name="present">Empty; takes what the saved map says.</param>
    /// <param name="isTrusted">False: the power went off since the map was saved.</param>
    public static ImageDisk Open(ImageFiles files, ChunkId manifest, ImageIndex index, PresenceMap present, bool isTrusted)
    {
        files.SweepParts();
        // A file without a map that fits may be of another image, whose bytes would lie in our holes: begin anew.
        var isOurs = File.Exists(files.Image) && new FileInfo(files.Image).Length == index.ImageBytes
            && File.Exists(files.Present) && present.TryLoad(File.ReadAllBytes(files.Present), manifest, isTrusted);
        if (!isOurs)
        {
            // In this order, so that no map ever speaks for a file it was not made for; and a new file, since a machine may have the old one open.
            File.Delete(files.Image);
            WholeFile.Write(files.Present, present.Encode(manifest));
        }

        var disk = new ImageDisk(files, File.OpenHandle(files.Image, isOurs ? FileMode.Open : FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite));
        if (!isOurs)
        {
            RandomAccess.SetLength(disk._image, index.ImageBytes);
        }
        else if (!isTrusted)
        {
            ZeroStrays(disk._image, index); // Holes cannot be compared when they are read: they are always there.
        }

        return disk;
    }

    /// <summary>Where the file holds something that the image does not: only a fault of the medium or the file system can have put it there.</summary>
    public bool HasStrays(ImageIndex index) => Strays(_image, index).Any();

    public void Read(long offset, Span<byte> buffer)
    {
        for (var image = _image; ; image = _image)
        {
            try
            {
                RawFile.Read(image, offset, buffer);
                return;
            }
            catch (ObjectDisposedException) when (image != _image)
            {
                // Another file has taken its place since.
            }
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(_image, bytes, offset);

    public bool TryShare(SafeFileHandle source, long sourceOffset, int bytes, long offset) => Posix.TryCloneRange(source, sourceOffset, bytes, _image, offset);

    public void Sync()
    {
        for (var image = _image; ; image = _image)
        {
            try
            {
                Posix.SyncData(image);
                return;
            }
            catch (ObjectDisposedException) when (image != _image)
            {
                // The file in its place was synced before it took it.
            }
        }
    }

    public void SaveMap(ReadOnlySpan<byte> map) => WholeFile.Write(_files.Present, map);

    /// <summary>The bytes as the medium has them, not as memory remembers them; pages a reader left in memory are dropped first.</summary>
    public void ReadFromMedium(long offset, Span<byte> buffer)
    {
        Posix.DropCached(_image, offset, buffer.Length);
        Read(offset, buffer);
        Posix.DropCached(_image, offset, buffer.Length);
    }

    /// <summary>
    /// Puts a new file in the place of the raw file: the same disk, with some ranges replaced. Another process that has the old file open keeps it as
    /// it was. Only of a complete image, which nobody writes to, and by one caller at a time.
    /// </summary>
    /// <param name="index">What the disk is; places it has nothing in are zeros in the new file.</param>
    /// <param name="kept">Extents that are as they should be; copied where they cannot be shared.</param>
    /// <param name="replace">Writes the replaced ranges through its argument.</param>
    /// <exception cref="IOException">No room for a copy, or the old file cannot be read: nothing has changed.</exception>
    public void Replace(ImageIndex index, IEnumerable<int> kept, Action<SafeFileHandle> replace)
    {
        var next = File.OpenHandle(_files.Repaired, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            RandomAccess.SetLength(next, index.ImageBytes);
            // Length 0 is "to the end" (ioctl_ficlonerange(2)).
            if (Posix.TryCloneRange(_image, 0, 0, next, 0))
            {
                ZeroStrays(next, index);
            }
            else
            {
                foreach (var extent in kept)
                {
                    Posix.CopyRange(_image, next, index.Extents[extent].Offset, index.ExtentBytes(extent));
                }
            }

            replace(next);
            Posix.SyncData(next);
            WholeFile.Publish(_files.Repaired, _files.Image);
        }
        catch
        {
            next.Dispose();
            File.Delete(_files.Repaired);
            throw;
        }

        // Closed, or its space would stay taken; a read that has it in hand ends first, and one that comes too late reads the new file.
        var old = _image;
        _image = next;
        old.Dispose();
    }

    public void Dispose() => _image.Dispose();

    private static void ZeroStrays(SafeFileHandle file, ImageIndex index)
    {
        foreach (var (offset, bytes) in Strays(file, index).ToList())
        {
            RandomAccess.Write(file, new byte[bytes], offset);
        }
    }

    private static IEnumerable<(long Offset, int Bytes)> Strays(SafeFileHandle file, ImageIndex index)
    {
        var buffer = new byte[1 << 20];
        for (long position = 0; position < index.ImageBytes && Posix.NextData(file, position) is var (start, end); position = end)
        {
            var place = start;
            foreach (var run in DiskExtents.Of(index, start, Math.Min(end, index.ImageBytes) - start))
            {
                for (var left = run.Length; left > 0; left -= Math.Min(left, buffer.Length))
                {
                    var (offset, bytes) = (place + run.Length - left, (int)Math.Min(left, buffer.Length));
                    if (run.IsHole && IsStray(file, offset, buffer.AsSpan(0, bytes)))
                    {
                        yield return (offset, bytes);
                    }
                }

                place += run.Length;
            }
        }
    }

    private static bool IsStray(SafeFileHandle file, long offset, Span<byte> buffer)
    {
        RawFile.Read(file, offset, buffer);
        return buffer.ContainsAnyExcept((byte)0);
    }
}
