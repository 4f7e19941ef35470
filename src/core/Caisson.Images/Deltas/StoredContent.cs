using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Reads bytes and chunks of a generation out of its packs. The frames decoded last are kept, so that memory is bounded and neighbours
/// cost nothing. One thread at a time.
/// </summary>
/// <param name="map">Verifies each chunk; null: nothing is verified, for who only looks for what is alike.</param>
internal sealed class StoredContent(ImageStore store, ImageIndex index, FrameMap? map, int keptFrames) : IDisposable
{
    private const int KeptPacks = 16;

    private readonly FrameCodec _codec = new();
    private readonly byte[] _stored = new byte[Limits.MaxFrameStoredBytes];
    private readonly Dictionary<int, LinkedListNode<(int Number, byte[] Plain)>> _frames = new(keptFrames);
    private readonly LinkedList<(int Number, byte[] Plain)> _byUse = new();
    private readonly Dictionary<int, PackFile> _packs = new(KeptPacks);

    /// <summary>Bytes of the disk; holes are zeros.</summary>
    /// <exception cref="ChunkException">Missing or invalid.</exception>
    public void Read(long offset, Span<byte> target)
    {
        target.Clear();
        var end = offset + target.Length;
        for (var extent = index.FirstExtentEndingAfter(offset); extent < index.Extents.Length && index.Extents[extent].Offset < end; extent++)
        {
            var (start, number) = (index.Extents[extent].Offset, index.Extents[extent].Chunk);
            var chunk = index.Chunks[number];
            var (from, to) = (Math.Max(start, offset), Math.Min(start + chunk.Bytes, end));
            Frame(chunk.Frame).AsSpan(chunk.Offset + (int)(from - start), (int)(to - from)).CopyTo(target[(int)(from - offset)..]);
        }
    }

    /// <summary>One chunk's bytes; they stay until the next call.</summary>
    /// <exception cref="ChunkException">Missing or invalid.</exception>
    public ReadOnlySpan<byte> Chunk(int number) => Frame(index.Chunks[number].Frame).AsSpan(index.Chunks[number].Offset, index.Chunks[number].Bytes);

    public void Dispose()
    {
        _codec.Dispose();
        ClosePacks();
    }

    private byte[] Frame(int number)
    {
        if (_frames.TryGetValue(number, out var kept))
        {
            _byUse.Remove(kept);
            _byUse.AddFirst(kept);
            return kept.Value.Plain;
        }

        var plain = _frames.Count < keptFrames ? new byte[Limits.MaxFramePlainBytes] : Evict();
        var entry = index.Frames[number];
        var stored = _stored.AsSpan(0, entry.StoredBytes);
        Pack(entry.Pack).Read(entry.Offset, stored);
        if (map is null)
        {
            _codec.Decode(entry.Encoding, stored, plain.AsSpan(0, entry.PlainBytes));
        }
        else
        {
            map.DecodeVerified(number, stored, _codec, plain);
        }

        _frames[number] = _byUse.AddFirst((number, plain));
        return plain;
    }

    private byte[] Evict()
    {
        var (number, plain) = _byUse.Last!.Value;
        _byUse.RemoveLast();
        _frames.Remove(number);
        return plain;
    }

    private PackFile Pack(int number)
    {
        if (!_packs.TryGetValue(number, out var pack))
        {
            if (_packs.Count == KeptPacks)
            {
                ClosePacks();
            }

            pack = new PackFile(store.BlobPath(index.Packs[number].Id.Digest));
            _packs.Add(number, pack);
        }

        return pack;
    }

    private void ClosePacks()
    {
        foreach (var pack in _packs.Values)
        {
            pack.Dispose();
        }

        _packs.Clear();
    }
}
