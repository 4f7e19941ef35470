namespace Caisson.Chunks;

/// <summary>An index turned round: which chunks a frame holds, and where on the disk each chunk goes.</summary>
public sealed class FrameMap
{
    private readonly ImageIndex _index;
    private readonly int[] _chunkStarts;
    private readonly int[] _chunks;
    private readonly int[] _extentStarts;
    private readonly int[] _extents;

    public FrameMap(ImageIndex index)
    {
        _index = index;
        (_chunkStarts, _chunks) = Group(index.Frames.Length, index.Chunks.Length, chunk => index.Chunks[chunk].Frame);
        (_extentStarts, _extents) = Group(index.Chunks.Length, index.Extents.Length, extent => index.Extents[extent].Chunk);
    }

    /// <summary>Numbers of the chunks this image takes from a frame.</summary>
    public ReadOnlySpan<int> ChunksOf(int frame) => _chunks.AsSpan(_chunkStarts[frame].._chunkStarts[frame + 1]);

    /// <summary>Numbers of the extents that hold a chunk.</summary>
    public ReadOnlySpan<int> ExtentsOf(int chunk) => _extents.AsSpan(_extentStarts[chunk].._extentStarts[chunk + 1]);

    /// <summary>Decodes a frame and compares every chunk this image takes from it with its id.</summary>
    /// <param name="plain">At least as long as the frame's plain bytes; filled from its start.</param>
    /// <exception cref="ChunkException">Invalid: nothing of <paramref name="plain"/> may be used.</exception>
    public void DecodeVerified(int frame, ReadOnlySpan<byte> stored, FrameCodec codec, Span<byte> plain)
    {
        var entry = _index.Frames[frame];
        var target = plain[..entry.PlainBytes];
        codec.Decode(entry.Encoding, stored, target);
        foreach (var number in ChunksOf(frame))
        {
            var chunk = _index.Chunks[number];
            if (ChunkId.Of(target.Slice(chunk.Offset, chunk.Bytes)) != chunk.Id)
            {
                throw new ChunkException(ChunkError.Invalid, $"Chunk {chunk.Id} in pack {_index.Packs[entry.Pack].Id.Digest} at byte {entry.Offset} is damaged.");
            }
        }
    }

    private static (int[] Starts, int[] Members) Group(int groups, int members, Func<int, int> groupOf)
    {
        var starts = new int[groups + 1];
        for (var member = 0; member < members; member++)
        {
            starts[groupOf(member) + 1]++;
        }

        for (var group = 0; group < groups; group++)
        {
            starts[group + 1] += starts[group];
        }

        var next = (int[])starts.Clone();
        var grouped = new int[members];
        for (var member = 0; member < members; member++)
        {
            grouped[next[groupOf(member)]++] = member;
        }

        return (starts, grouped);
    }
}
