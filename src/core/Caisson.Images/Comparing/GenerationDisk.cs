using Caisson.Chunks;
using Caisson.FileSystems;

namespace Caisson.Images;

/// <summary>
/// A generation as file system readers see a disk: its bytes come from the store's chunks, each verified. What is asked of it is bounded by its
/// size: files of a hostile disk may share their blocks and claim any number of bytes.
/// </summary>
internal sealed class GenerationDisk(StoredDisk disk, ImageIndex index) : IReadableDisk
{
    private const int TimesItsSize = 8;
    private const long AtLeastBytes = 1L << 30;
    private const int BytesOfAnyRead = 512;

    private long _left = AtLeastBytes + (index.ImageBytes * TimesItsSize);

    public long Bytes => index.ImageBytes;

    /// <exception cref="FileSystemException">Too large: all that was asked so far is many times the disk.</exception>
    public void Read(long offset, Span<byte> buffer)
    {
        Spend(buffer.Length);
        disk.TryRead(offset, buffer);
    }

    /// <summary>Counts bytes that were compared, whether or not they had to be read.</summary>
    /// <exception cref="FileSystemException">As <see cref="Read"/>.</exception>
    public void Spend(long bytes)
    {
        _left -= Math.Max(bytes, BytesOfAnyRead);
        if (_left < 0)
        {
            throw new FileSystemException(FileSystemFault.TooLarge, "Its files claim many times the bytes the disk has.");
        }
    }

    /// <summary>The run that begins at a place: how far the same chunk, or the same hole, goes.</summary>
    /// <param name="chunk">Null: a hole.</param>
    /// <param name="within">Where in the chunk the place is.</param>
    public long RunAt(long offset, out ChunkId? chunk, out int within)
    {
        var number = index.FirstExtentEndingAfter(offset);
        if (number < index.Extents.Length && index.Extents[number].Offset <= offset)
        {
            var entry = index.Chunks[index.Extents[number].Chunk];
            (chunk, within) = (entry.Id, (int)(offset - index.Extents[number].Offset));
            return entry.Bytes - within;
        }

        (chunk, within) = (null, 0);
        return (number < index.Extents.Length ? index.Extents[number].Offset : index.ImageBytes) - offset;
    }
}
