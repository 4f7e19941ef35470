using Caisson.Chunks;
using Caisson.Nbd;

namespace Caisson.Images;

/// <summary>A generation in a store as a read-only disk: reads are decoded from its packs, and every chunk is verified before it is given.</summary>
internal sealed class StoredDisk(ImageStore store, ImageIndex index) : IBlockDevice, IDisposable
{
    /// <summary>64 MiB of decoded frames.</summary>
    private const int CachedFrames = 256;

    /// <summary>Runs told in one answer; the client asks again for more.</summary>
    private const int MaxRuns = 4096;

    private readonly DecodedFrames _frames = new(store, index, CachedFrames);

    public long SizeBytes => index.ImageBytes;

    public bool IsReadOnly => true;

    /// <summary>All there is lies on this machine's disk, so it never says false.</summary>
    /// <exception cref="ChunkException">Missing or invalid: the client is told of an input/output error.</exception>
    public bool TryRead(long offset, Span<byte> buffer)
    {
        var end = offset + buffer.Length;
        var position = offset;
        for (var number = index.FirstExtentEndingAfter(offset); number < index.Extents.Length && index.Extents[number].Offset < end; number++)
        {
            var extent = index.Extents[number];
            var chunk = index.Chunks[extent.Chunk];
            var from = Math.Max(position, extent.Offset);
            var to = Math.Min(end, extent.Offset + chunk.Bytes);
            buffer[(int)(position - offset)..(int)(from - offset)].Clear();
            _frames.Read(chunk.Frame, chunk.Offset + (int)(from - extent.Offset), buffer[(int)(from - offset)..(int)(to - offset)]);
            position = to;
        }

        buffer[(int)(position - offset)..].Clear();
        return true;
    }

    public ValueTask ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        TryRead(offset, buffer.Span);
        return ValueTask.CompletedTask;
    }

    public ValueTask WriteAsync(long offset, ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken) =>
        throw new NotSupportedException("A generation never changes.");

    public ValueTask FlushAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public IReadOnlyList<BlockExtent> GetExtents(long offset, long length)
    {
        var runs = new List<BlockExtent>();
        var (position, end) = (offset, offset + length);
        for (var number = index.FirstExtentEndingAfter(offset); position < end && runs.Count < MaxRuns;)
        {
            var start = number < index.Extents.Length ? Math.Max(position, index.Extents[number].Offset) : index.ImageBytes;
            if (start > position)
            {
                runs.Add(new BlockExtent(Math.Min(start, end) - position, IsHole: true));
                position = Math.Min(start, end);
                continue;
            }

            var dataEnd = position;
            while (number < index.Extents.Length && index.Extents[number].Offset <= dataEnd && dataEnd < end)
            {
                dataEnd = index.Extents[number].Offset + index.ExtentBytes(number);
                number++;
            }

            runs.Add(new BlockExtent(dataEnd - position, IsHole: false));
            position = dataEnd;
        }

        return runs;
    }

    public void Dispose() => _frames.Dispose();
}
