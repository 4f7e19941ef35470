using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>Puts verified chunks where they belong in an image file, and marks them present after.</summary>
internal sealed class ChunkPlacement(ImageIndex index, FrameMap map, PresenceMap present, SafeFileHandle image)
{
    /// <summary>True: some place of the chunk is still absent.</summary>
    public bool IsWanted(int chunk)
    {
        foreach (var extent in map.ExtentsOf(chunk))
        {
            if (!present.HasExtent(extent))
            {
                return true;
            }
        }

        return false;
    }

    /// <exception cref="IOException">The disk does not take it; nothing of it is marked that is not written.</exception>
    public void Write(int chunk, ReadOnlySpan<byte> plain)
    {
        foreach (var extent in map.ExtentsOf(chunk))
        {
            if (!present.HasExtent(extent))
            {
                RandomAccess.Write(image, plain, index.Extents[extent].Offset);
                present.Mark(extent);
            }
        }
    }

    /// <summary>Shares the bytes of another file's range instead of writing them (reflink). False: the file systems cannot.</summary>
    public bool TryShare(int chunk, SafeFileHandle source, long offset)
    {
        foreach (var extent in map.ExtentsOf(chunk))
        {
            if (!present.HasExtent(extent))
            {
                if (!Posix.TryCloneRange(source, offset, index.Chunks[chunk].Bytes, image, index.Extents[extent].Offset))
                {
                    return false;
                }

                present.Mark(extent);
            }
        }

        return true;
    }
}
