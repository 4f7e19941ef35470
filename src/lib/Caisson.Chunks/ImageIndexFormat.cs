using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Caisson.Chunks;

/// <summary>The numbers at the start of an index.</summary>
/// <param name="Bytes">Length of the header: where the tables begin.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct IndexHeader(int Bytes, long ImageBytes, int Packs, int Frames, int Chunks, int Extents)
{
    public long FramesAt => Bytes + ((long)Packs * ImageIndexFormat.PackRow);

    public long ChunksAt => FramesAt + ((long)Frames * ImageIndexFormat.FrameRow);

    public long ExtentsAt => ChunksAt + ((long)Chunks * ImageIndexFormat.ChunkRow);
}

/// <summary>
/// The bytes of an index, version 1.0. All numbers little-endian.
/// <code>
///  0  8  magic "CAISINDX"          28  4  packs    × 40: id 32, bytes u64
///  8  2  major (1)                 32  4  frames   × 20: pack, offset, stored, plain u32, encoding u32
/// 10  2  minor                     36  4  chunks   × 44: id 32, frame, offset, bytes u32
/// 12  4  header bytes (64)         40  4  extents  × 12: offset u64, chunk u32
/// 16  8  image bytes               44 20  zero
/// 24  4  block bytes (4096)        then the four tables, then SHA-256 of all before it
/// </code>
/// A reader refuses another major version; a higher minor version may lengthen the header, which is skipped.
/// </summary>
internal static class ImageIndexFormat
{
    private const ushort Major = 1;
    private const ushort Minor = 0;
    public const int HeaderBytes = 64;
    public const int PackRow = 40;
    public const int FrameRow = 20;
    public const int ChunkRow = 44;
    public const int ExtentRow = 12;

    private static ReadOnlySpan<byte> Magic => "CAISINDX"u8;

    /// <summary>The byte form, the same for the same index.</summary>
    public static byte[] Encode(ImageIndex index)
    {
        var bytes = new byte[checked((int)TotalBytes(HeaderBytes, index.Packs.Length, index.Frames.Length, index.Chunks.Length, index.Extents.Length))];
        var writer = new SpanWriter(bytes);
        WriteHeader(bytes, new IndexHeader(HeaderBytes, index.ImageBytes, index.Packs.Length, index.Frames.Length, index.Chunks.Length, index.Extents.Length));
        writer.Skip(HeaderBytes);
        WriteTables(index, ref writer);
        ChunkId.Of(bytes.AsSpan(0, writer.Position)).WriteTo(bytes.AsSpan(writer.Position));
        return bytes;
    }

    /// <summary>Reads and checks an index.</summary>
    /// <exception cref="ChunkException">Invalid: not an index, an unknown major version, damaged, or a number out of range.</exception>
    public static ImageIndex Decode(ReadOnlySpan<byte> bytes)
    {
        var header = ReadHeader(bytes, bytes.Length);
        if (ChunkId.Of(bytes[..^ChunkId.Size]) != new ChunkId(bytes[^ChunkId.Size..]))
        {
            throw Invalid("its checksum does not hold");
        }

        var reader = new SpanReader(bytes[header.Bytes..]);
        return ReadTables(header.ImageBytes, header.Packs, header.Frames, header.Chunks, header.Extents, ref reader);
    }

    /// <summary>Reads and checks the first <see cref="HeaderBytes"/> bytes of an index of <paramref name="length"/> bytes.</summary>
    /// <exception cref="ChunkException">Invalid.</exception>
    public static IndexHeader ReadHeader(ReadOnlySpan<byte> bytes, long length)
    {
        if (length is < HeaderBytes + ChunkId.Size or > Limits.MaxIndexBytes || !bytes.StartsWith(Magic))
        {
            throw Invalid("it is too short, too long or does not begin as one");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]) is var major && major != Major)
        {
            throw Invalid($"it is of format version {major} and this program reads version {Major}; use a newer one");
        }

        var header = new SpanReader(bytes[12..HeaderBytes]);
        var headerBytes = header.UInt32();
        var imageBytes = header.UInt64();
        var block = header.UInt32();
        var (packs, frames, chunks, extents) = (header.UInt32(), header.UInt32(), header.UInt32(), header.UInt32());
        if (block != Limits.BlockBytes || imageBytes > Limits.MaxImageBytes || headerBytes < HeaderBytes
            || TotalBytes(headerBytes, packs, frames, chunks, extents) != length)
        {
            throw Invalid("its header's numbers do not fit its length");
        }

        return new IndexHeader((int)headerBytes, (long)imageBytes, (int)packs, (int)frames, (int)chunks, (int)extents);
    }

    public static void WriteHeader(Span<byte> destination, IndexHeader header)
    {
        destination[..HeaderBytes].Clear();
        var writer = new SpanWriter(destination);
        writer.Bytes(Magic);
        writer.UInt16(Major);
        writer.UInt16(Minor);
        writer.Int32(HeaderBytes);
        writer.Int64(header.ImageBytes);
        writer.Int32(Limits.BlockBytes);
        writer.Int32(header.Packs);
        writer.Int32(header.Frames);
        writer.Int32(header.Chunks);
        writer.Int32(header.Extents);
    }

    private static void WriteTables(ImageIndex index, ref SpanWriter writer)
    {
        foreach (var pack in index.Packs)
        {
            writer.Id(pack.Id);
            writer.Int64(pack.Bytes);
        }

        foreach (var frame in index.Frames)
        {
            writer.Int32(frame.Pack);
            writer.Int32(frame.Offset);
            writer.Int32(frame.StoredBytes);
            writer.Int32(frame.PlainBytes);
            writer.Int32((int)frame.Encoding);
        }

        foreach (var chunk in index.Chunks)
        {
            writer.Id(chunk.Id);
            writer.Int32(chunk.Frame);
            writer.Int32(chunk.Offset);
            writer.Int32(chunk.Bytes);
        }

        foreach (var extent in index.Extents)
        {
            writer.Int64(extent.Offset);
            writer.Int32(extent.Chunk);
        }
    }

    // Numbers above int.MaxValue become negative here and are refused by ImageIndexRules.
    private static ImageIndex ReadTables(long imageBytes, int packCount, int frameCount, int chunkCount, int extentCount, ref SpanReader reader)
    {
        var packs = new PackEntry[packCount];
        foreach (ref var pack in packs.AsSpan())
        {
            pack = new PackEntry(reader.Id(), (long)reader.UInt64());
        }

        var frames = new FrameEntry[frameCount];
        foreach (ref var frame in frames.AsSpan())
        {
            frame = new FrameEntry(reader.Int32(), reader.Int32(), reader.Int32(), reader.Int32(), (FrameEncoding)reader.Int32());
        }

        var chunks = new ChunkEntry[chunkCount];
        foreach (ref var chunk in chunks.AsSpan())
        {
            chunk = new ChunkEntry(reader.Id(), reader.Int32(), reader.Int32(), reader.Int32());
        }

        var extents = new ImageExtent[extentCount];
        foreach (ref var extent in extents.AsSpan())
        {
            extent = new ImageExtent((long)reader.UInt64(), reader.Int32());
        }

        return new ImageIndex(
            imageBytes,
            ImmutableCollectionsMarshal.AsImmutableArray(packs),
            ImmutableCollectionsMarshal.AsImmutableArray(frames),
            ImmutableCollectionsMarshal.AsImmutableArray(chunks),
            ImmutableCollectionsMarshal.AsImmutableArray(extents));
    }

    public static long TotalBytes(long header, long packs, long frames, long chunks, long extents) =>
        header + (packs * PackRow) + (frames * FrameRow) + (chunks * ChunkRow) + (extents * ExtentRow) + ChunkId.Size;

    private static ChunkException Invalid(string why) => new(ChunkError.Invalid, $"This is not a usable index: {why}.");
}
