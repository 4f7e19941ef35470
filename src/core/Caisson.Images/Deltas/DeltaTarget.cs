using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>Takes one chunk of the new image, verified; <paramref name="chunk"/> is its number in the index.</summary>
internal delegate void TakeChunk(int chunk, ReadOnlySpan<byte> plain);

/// <summary>A delta's units over the new image's index: which chunks each holds, and how they are had from the old raw file. Keeps its buffers; decodes in one thread at a time.</summary>
internal sealed class DeltaTarget : IDisposable
{
    private readonly DeltaHead _head;
    private readonly ImageIndex _index;
    private readonly int[] _newChunks;
    private readonly int[] _firstChunk;
    private readonly UnitDecoder _decoder = new();

    // Of full size at once: growing leaves garbage of megabytes, and what is not touched is not resident.
    private readonly byte[] _plain = GC.AllocateUninitializedArray<byte>(Limits.MaxUnitPlainBytes);
    private readonly byte[] _reference = GC.AllocateUninitializedArray<byte>(Limits.MaxUnitReferenceBytes);

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
        var referenced = 0;
        foreach (var region in entry.Regions)
        {
            RawFile.Read(baseFile, region.Offset, _reference.AsSpan(referenced, region.Bytes));
            referenced += region.Bytes;
        }

        var plain = _plain.AsSpan(0, entry.PlainBytes);
        _decoder.Decode(entry.Encoding, _reference.AsSpan(0, referenced), stored, plain);
        Verify(unit, plain);
        foreach (var chunk in ChunksOf(unit))
        {
            take(chunk, plain[.._index.Chunks[chunk].Bytes]);
            plain = plain[_index.Chunks[chunk].Bytes..];
        }
    }

    public void Dispose() => _decoder.Dispose();

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
