using System.Buffers;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>Puts verified chunks where they belong in an image file, and marks them present after.</summary>
internal sealed class ChunkPlacement(ImageIndex index, FrameMap map, PresenceMap present, IImageDisk disk)
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
                disk.Write(index.Extents[extent].Offset, plain);
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
                if (!disk.TryShare(source, offset, index.Chunks[chunk].Bytes, index.Extents[extent].Offset))
                {
                    return false;
                }

                present.Mark(extent);
            }
        }

        return true;
    }

    /// <summary>True: the saved map says the chunk was here before the power went off, and nobody has compared it since.</summary>
    public bool IsClaimed(int chunk)
    {
        foreach (var extent in map.ExtentsOf(chunk))
        {
            if (present.HasClaim(extent))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads a claimed chunk and compares it: present from here on, or absent. Any number of times, from any thread.</summary>
    /// <returns>False: it was damaged in some place.</returns>
    public bool Compare(int chunk)
    {
        var isWhole = true;
        var buffer = ArrayPool<byte>.Shared.Rent(index.Chunks[chunk].Bytes);
        try
        {
            foreach (var extent in map.ExtentsOf(chunk))
            {
                if (!present.HasClaim(extent))
                {
                    continue;
                }

                if (Holds(chunk, extent, buffer))
                {
                    present.Mark(extent);
                }
                else
                {
                    present.TakeClaimBack(extent);
                    isWhole = false;
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return isWhole;
    }

    private bool Holds(int chunk, int extent, byte[] buffer)
    {
        var plain = buffer.AsSpan(0, index.Chunks[chunk].Bytes);
        try
        {
            disk.Read(index.Extents[extent].Offset, plain);
        }
        catch (IOException)
        {
            return false; // A sector the medium cannot read any more is damage like any other.
        }

        return ChunkId.Of(plain) == index.Chunks[chunk].Id;
    }
}
