using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Caisson.Chunks;

/// <summary>A pack: a blob of frames.</summary>
/// <param name="Id">SHA-256 of the whole blob, its OCI digest.</param>
/// <param name="Bytes">Length of the blob.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PackEntry(ChunkId Id, long Bytes);

/// <summary>One frame: consecutive chunks, fetched and decoded together.</summary>
/// <param name="Pack">Number of its pack in <see cref="ImageIndex.Packs"/>.</param>
/// <param name="Offset">Where in the pack its stored bytes begin.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct FrameEntry(int Pack, int Offset, int StoredBytes, int PlainBytes, FrameEncoding Encoding);

/// <summary>One chunk the image needs.</summary>
/// <param name="Frame">Number of its frame in <see cref="ImageIndex.Frames"/>.</param>
/// <param name="Offset">Where in the frame's plain bytes it begins.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ChunkEntry(ChunkId Id, int Frame, int Offset, int Bytes);

/// <summary>A place of the disk that holds a chunk. Places no extent covers are holes and read as zero.</summary>
/// <param name="Offset">Byte offset on the disk, a multiple of 4 KiB.</param>
/// <param name="Chunk">Number of the chunk in <see cref="ImageIndex.Chunks"/>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ImageExtent(long Offset, int Chunk);

/// <summary>
/// What a generation consists of: the disk's extents, the chunks in them, the frames and packs that hold the chunks.
/// An instance is always whole and in range; the byte form is in <see cref="ImageIndexFormat"/> and docs/reference/formats.md.
/// </summary>
public sealed class ImageIndex
{
    /// <exception cref="ChunkException">Invalid: a number is out of range, or tables are not in order.</exception>
    public ImageIndex(long imageBytes, ImmutableArray<PackEntry> packs, ImmutableArray<FrameEntry> frames, ImmutableArray<ChunkEntry> chunks, ImmutableArray<ImageExtent> extents)
    {
        ImageBytes = imageBytes;
        Packs = packs;
        Frames = frames;
        Chunks = chunks;
        Extents = extents;
        DataBytes = ImageIndexRules.Check(this);
    }

    /// <summary>Bytes of the whole disk, holes included.</summary>
    public long ImageBytes { get; }

    /// <summary>Bytes of the disk that are in extents.</summary>
    public long DataBytes { get; }

    public ImmutableArray<PackEntry> Packs { get; }

    /// <summary>Ordered by pack, then offset; frames of one pack do not overlap.</summary>
    public ImmutableArray<FrameEntry> Frames { get; }

    /// <summary>Each id once.</summary>
    public ImmutableArray<ChunkEntry> Chunks { get; }

    /// <summary>Ordered by offset, without overlap.</summary>
    public ImmutableArray<ImageExtent> Extents { get; }

    public int ExtentBytes(int extent) => Chunks[Extents[extent].Chunk].Bytes;

    /// <summary>Number of the first extent that ends after <paramref name="offset"/>; the number of extents if there is none.</summary>
    public int FirstExtentEndingAfter(long offset)
    {
        var low = 0;
        var high = Extents.Length;
        while (low < high)
        {
            var middle = (int)(((uint)low + (uint)high) >> 1);
            if (Extents[middle].Offset + ExtentBytes(middle) > offset)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    /// <summary>Numbers of the extents that overlap a range, in order.</summary>
    public IEnumerable<int> ExtentsIn(long offset, long length)
    {
        for (var extent = FirstExtentEndingAfter(offset); extent < Extents.Length && Extents[extent].Offset < offset + length; extent++)
        {
            yield return extent;
        }
    }

    /// <inheritdoc cref="ImageIndexFormat.Encode"/>
    public byte[] Encode() => ImageIndexFormat.Encode(this);

    /// <inheritdoc cref="ImageIndexFormat.Decode"/>
    public static ImageIndex Decode(ReadOnlySpan<byte> bytes) => ImageIndexFormat.Decode(bytes);
}
