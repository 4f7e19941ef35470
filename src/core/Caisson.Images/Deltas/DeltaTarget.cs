using System.Buffers;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>Takes one chunk of the new image, verified; <paramref name="chunk"/> is its number in the index.</summary>
internal delegate void TakeChunk(int chunk, ReadOnlySpan<byte> plain);

/// <summary>A delta's units over the new image's index: which chunks each holds, and how they are had from the old raw file.</summary>
internal sealed class DeltaTarget
{
    private readonly DeltaHead _head;
    private readonly ImageIndex _index;
    private readonly int[] _newChunks;
    private readonly int[] _firstChunk;

    /// <exception cref="ChunkException">Invalid: the units do not hold exactly the new chunks.</exception>
    public DeltaTarget(DeltaHead head, ImageIndex index, ContentList baseContent)
    {
        (_head, _index) = (head, index);
        _newChunks = NewChunks(index, baseContent);
        _firstChunk = new int[head.Units.Length + 1];
        for (var unit = 0; unit < head.Units.Length; unit++)
        {
            var count = head.Units[unit].ChunkCount;
            if (count > _newChunks.Length - _firstChunk[unit])
            {
                throw Damaged();
            }

            _firstChunk[unit + 1] = _firstChunk[unit] + count;
            if (ChunksOf(unit).ToArray().Sum(chunk => (long)index.Chunks[chunk].Bytes) != head.Units[unit].PlainBytes)
            {
                throw Damaged();
            }
        }

        if (_firstChunk[^1] != _newChunks.Length)
        {
            throw Damaged();
        }
    }

    /// <summary>Numbers of the chunks the old image does not have, in the order of the new index.</summary>
    public static int[] NewChunks(ImageIndex index, ContentList baseContent)
    {
        var known = baseContent.Places();
        return [.. Enumerable.Range(0, index.Chunks.Length).Where(chunk => !known.ContainsKey(index.Chunks[chunk].Id))];
    }

    public ReadOnlySpan<int> ChunksOf(int unit) => _newChunks.AsSpan(_firstChunk[unit].._firstChunk[unit + 1]);

    /// <summary>Decodes a unit against the old file and hands over its chunks once all are verified.</summary>
    /// <exception cref="ChunkException">Invalid: nothing was handed over.</exception>
    public void Decode(int unit, ReadOnlySpan<byte> stored, SafeFileHandle baseFile, TakeChunk take)
    {
        var entry = _head.Units[unit];
        var plain = ArrayPool<byte>.Shared.Rent(entry.PlainBytes);
        try
        {
            DecodePlain(entry, stored, baseFile, plain.AsSpan(0, entry.PlainBytes));
            Verify(unit, plain);
            var offset = 0;
            foreach (var chunk in ChunksOf(unit))
            {
                take(chunk, plain.AsSpan(offset, _index.Chunks[chunk].Bytes));
                offset += _index.Chunks[chunk].Bytes;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
        }
    }

    /// <summary>The old image's bytes a unit refers to, one after another.</summary>
    public static byte[] ReadRegions(SafeFileHandle baseFile, IReadOnlyList<DeltaRegion> regions)
    {
        var prefix = new byte[regions.Sum(region => region.Bytes)];
        var at = 0;
        foreach (var region in regions)
        {
            RawFile.Read(baseFile, region.Offset, prefix.AsSpan(at, region.Bytes));
            at += region.Bytes;
        }

        return prefix;
    }

    private static void DecodePlain(DeltaUnit entry, ReadOnlySpan<byte> stored, SafeFileHandle baseFile, Span<byte> plain)
    {
        if (entry.Encoding == DeltaEncoding.ZstdPrefix)
        {
            using var codec = new PrefixCodec();
            codec.Decode(ReadRegions(baseFile, entry.Regions), stored, plain);
            return;
        }

        using var frame = new FrameCodec();
        frame.Decode(entry.Encoding == DeltaEncoding.Stored ? FrameEncoding.Stored : FrameEncoding.Zstd, stored, plain);
    }

    private void Verify(int unit, ReadOnlySpan<byte> plain)
    {
        foreach (var chunk in ChunksOf(unit))
        {
            var entry = _index.Chunks[chunk];
            if (ChunkId.Of(plain[..entry.Bytes]) != entry.Id)
            {
                throw new ChunkException(ChunkError.Invalid, $"Chunk {entry.Id} does not come out of the delta as it should: delta or old image are damaged.");
            }

            plain = plain[entry.Bytes..];
        }
    }

    private static ChunkException Damaged() => new(ChunkError.Invalid, "The delta is damaged: its units do not hold the chunks that are new.");
}
