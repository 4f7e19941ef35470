using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Chunks;

/// <summary>
/// An index read row by row from its file: memory does not grow with it, as <see cref="ImageIndex"/> does. The file was verified when it was
/// opened and must not change; each row is held against the limits when it is read. Any number of threads.
/// </summary>
public sealed class ImageIndexFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly IndexHeader _header;

    private ImageIndexFile(SafeFileHandle file, IndexHeader header)
    {
        _file = file;
        _header = header;
    }

    public int PackCount => _header.Packs;

    public int FrameCount => _header.Frames;

    public int ChunkCount => _header.Chunks;

    /// <summary>Opens an index whose bytes must hash to <paramref name="id"/>.</summary>
    /// <exception cref="ChunkException">Invalid: other bytes, or not an index.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ImageIndexFile Open(string path, ChunkId id)
    {
        using (var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16))
        {
            if (new ChunkId(SHA256.HashData(stream)) != id)
            {
                throw new ChunkException(ChunkError.Invalid, $"The index {id.Digest} is damaged: its bytes have another hash.");
            }
        }

        var file = File.OpenHandle(path);
        try
        {
            Span<byte> head = stackalloc byte[ImageIndexFormat.HeaderBytes];
            head = head[..RandomAccess.Read(file, head, 0)];
            return new ImageIndexFile(file, ImageIndexFormat.ReadHeader(head, RandomAccess.GetLength(file)));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <exception cref="ChunkException">Invalid: its size is out of range.</exception>
    public PackEntry Pack(int number)
    {
        var row = Read(stackalloc byte[ImageIndexFormat.PackRow], _header.Bytes, number, _header.Packs);
        var pack = new PackEntry(row.Id(), (long)row.UInt64());
        return pack.Bytes is > PackFormat.HeaderBytes and <= Limits.MaxPackBytes ? pack : throw OutOfRange();
    }

    /// <exception cref="ChunkException">Invalid: a number is out of range, or it leaves its pack.</exception>
    public FrameEntry Frame(int number)
    {
        var row = Read(stackalloc byte[ImageIndexFormat.FrameRow], _header.FramesAt, number, _header.Frames);
        var frame = new FrameEntry(row.Int32(), row.Int32(), row.Int32(), row.Int32(), (FrameEncoding)row.Int32());
        var isLegal = frame.Encoding is FrameEncoding.Stored or FrameEncoding.Zstd
            && frame.PlainBytes is > 0 and <= Limits.MaxFramePlainBytes
            && frame.StoredBytes > 0 && frame.StoredBytes <= frame.PlainBytes
            && (frame.Encoding != FrameEncoding.Stored || frame.StoredBytes == frame.PlainBytes)
            && frame.Offset >= PackFormat.HeaderBytes && (long)frame.Offset + frame.StoredBytes <= Pack(frame.Pack).Bytes;
        return isLegal ? frame : throw OutOfRange();
    }

    /// <exception cref="ChunkException">Invalid: a number is out of range, or it leaves its frame.</exception>
    public ChunkEntry Chunk(int number)
    {
        var row = Read(stackalloc byte[ImageIndexFormat.ChunkRow], _header.ChunksAt, number, _header.Chunks);
        var chunk = new ChunkEntry(row.Id(), row.Int32(), row.Int32(), row.Int32());
        var isLegal = chunk.Bytes is > 0 and <= Limits.MaxChunkBytes && chunk.Offset >= 0 && (long)chunk.Offset + chunk.Bytes <= Frame(chunk.Frame).PlainBytes;
        return isLegal ? chunk : throw OutOfRange();
    }

    /// <summary>The id of a chunk alone.</summary>
    public ChunkId IdOf(int number) => Read(stackalloc byte[ImageIndexFormat.ChunkRow], _header.ChunksAt, number, _header.Chunks).Id();

    /// <summary>Ids of all chunks, in order.</summary>
    public IEnumerable<ChunkId> ChunkIds()
    {
        var rows = new byte[1024 * ImageIndexFormat.ChunkRow];
        for (var first = 0; first < _header.Chunks; first += 1024)
        {
            var count = Math.Min(1024, _header.Chunks - first);
            Fill(rows.AsSpan(0, count * ImageIndexFormat.ChunkRow), _header.ChunksAt + ((long)first * ImageIndexFormat.ChunkRow));
            for (var i = 0; i < count; i++)
            {
                yield return new ChunkId(rows.AsSpan(i * ImageIndexFormat.ChunkRow));
            }
        }
    }

    public void Dispose() => _file.Dispose();

    private SpanReader Read(Span<byte> row, long table, int number, int count)
    {
        if ((uint)number >= (uint)count)
        {
            throw OutOfRange();
        }

        Fill(row, table + ((long)number * row.Length));
        return new SpanReader(row);
    }

    private void Fill(Span<byte> buffer, long offset)
    {
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(_file, buffer, offset);
            if (got == 0)
            {
                throw OutOfRange();
            }

            buffer = buffer[got..];
            offset += got;
        }
    }

    private static ChunkException OutOfRange() => new(ChunkError.Invalid, "The index is damaged or hostile: a number in it is out of range.");
}
