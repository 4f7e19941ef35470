using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Caisson.Chunks;

/// <summary>
/// Writes an index row by row to a stream, which stays the caller's: all packs, then all frames, chunks and extents, in the order of
/// docs/reference/formats.md. The bytes are those of <see cref="ImageIndex.Encode"/>; the caller answers for the rules of the tables.
/// </summary>
public sealed class ImageIndexWriter : IDisposable
{
    private readonly Stream _target;
    private readonly IncrementalHash _checksum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _row = new byte[ImageIndexFormat.HeaderBytes];
    private readonly long _expectedBytes;
    private long _bytes;

    /// <exception cref="ChunkException">Invalid: more rows than an index may have.</exception>
    public ImageIndexWriter(Stream target, long imageBytes, int packs, int frames, int chunks, int extents)
    {
        _target = target;
        _expectedBytes = ImageIndexFormat.TotalBytes(ImageIndexFormat.HeaderBytes, packs, frames, chunks, extents);
        if (_expectedBytes > Limits.MaxIndexBytes)
        {
            throw new ChunkException(ChunkError.Invalid, $"The image has too much data for one index: {chunks} chunks, where some seventeen million are the limit.");
        }

        ImageIndexFormat.WriteHeader(_row, new IndexHeader(ImageIndexFormat.HeaderBytes, imageBytes, packs, frames, chunks, extents));
        Write(ImageIndexFormat.HeaderBytes);
    }

    public void Pack(PackEntry pack)
    {
        var writer = new SpanWriter(_row);
        writer.Id(pack.Id);
        writer.Int64(pack.Bytes);
        Write(writer.Position);
    }

    public void Frame(FrameEntry frame)
    {
        var writer = new SpanWriter(_row);
        writer.Int32(frame.Pack);
        writer.Int32(frame.Offset);
        writer.Int32(frame.StoredBytes);
        writer.Int32(frame.PlainBytes);
        writer.Int32((int)frame.Encoding);
        Write(writer.Position);
    }

    public void Chunk(ChunkEntry chunk)
    {
        var writer = new SpanWriter(_row);
        writer.Id(chunk.Id);
        writer.Int32(chunk.Frame);
        writer.Int32(chunk.Offset);
        writer.Int32(chunk.Bytes);
        Write(writer.Position);
    }

    public void Extent(ImageExtent extent)
    {
        BinaryPrimitives.WriteInt64LittleEndian(_row, extent.Offset);
        BinaryPrimitives.WriteInt32LittleEndian(_row.AsSpan(8), extent.Chunk);
        Write(ImageIndexFormat.ExtentRow);
    }

    /// <summary>Ends the index with its checksum.</summary>
    /// <returns>Bytes of the whole index.</returns>
    /// <exception cref="InvalidOperationException">Rows are missing or too many.</exception>
    public long Finish()
    {
        _checksum.GetHashAndReset(_row);
        _target.Write(_row, 0, ChunkId.Size);
        _bytes += ChunkId.Size;
        return _bytes == _expectedBytes ? _bytes : throw new InvalidOperationException($"The index has {_bytes} bytes where its header says {_expectedBytes}.");
    }

    public void Dispose() => _checksum.Dispose();

    private void Write(int bytes)
    {
        _target.Write(_row, 0, bytes);
        _checksum.AppendData(_row, 0, bytes);
        _bytes += bytes;
    }
}
