using System.Collections.Concurrent;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Frames of one generation, decoded from the store's packs and verified, kept while there is room; the one unused for longest gives way.
/// Many threads may read at once; two that want the same absent frame decode it once.
/// </summary>
internal sealed class DecodedFrames(ImageStore store, ImageIndex index, int capacity) : IDisposable
{
    private readonly FrameMap _map = new(index);
    private readonly Dictionary<int, LinkedListNode<Slot>> _byFrame = [];
    private readonly LinkedList<Slot> _byUse = new();
    private readonly Lock _gate = new();
    private readonly ConcurrentBag<FrameCodec> _codecs = [];

    /// <summary>Copies plain bytes of a frame.</summary>
    /// <exception cref="ChunkException">Missing or invalid: the pack is gone or damaged. Asked again, the frame is read again.</exception>
    public void Read(int frame, int offset, Span<byte> target)
    {
        var slot = Take(frame);
        try
        {
            lock (slot.Decoding)
            {
                if (!slot.IsDecoded)
                {
                    Decode(frame, slot.Plain);
                    slot.IsDecoded = true;
                }
            }

            slot.Plain.AsSpan(offset, target.Length).CopyTo(target);
        }
        finally
        {
            lock (_gate)
            {
                slot.Readers--;
            }
        }
    }

    public void Dispose()
    {
        foreach (var codec in _codecs)
        {
            codec.Dispose();
        }
    }

    private Slot Take(int frame)
    {
        lock (_gate)
        {
            if (!_byFrame.TryGetValue(frame, out var node))
            {
                node = FreeSlot();
                node.Value.Frame = frame;
                node.Value.IsDecoded = false;
                _byFrame.Add(frame, node);
            }

            _byUse.Remove(node);
            _byUse.AddFirst(node);
            node.Value.Readers++;
            return node.Value;
        }
    }

    /// <summary>A slot nobody reads. Beyond the capacity only while more threads read than there are slots.</summary>
    private LinkedListNode<Slot> FreeSlot()
    {
        if (_byUse.Count >= capacity)
        {
            for (var node = _byUse.Last; node is not null; node = node.Previous)
            {
                if (node.Value.Readers == 0)
                {
                    _byFrame.Remove(node.Value.Frame);
                    return node;
                }
            }
        }

        return _byUse.AddLast(new Slot());
    }

    private void Decode(int frame, byte[] plain)
    {
        var entry = index.Frames[frame];
        var codec = _codecs.TryTake(out var idle) ? idle : new FrameCodec();
        var stored = System.Buffers.ArrayPool<byte>.Shared.Rent(entry.StoredBytes);
        try
        {
            // Opened anew each time: a pack that was repaired meanwhile is another file of the same name.
            using var pack = new PackFile(store.BlobPath(index.Packs[entry.Pack].Id.Digest));
            pack.Read(entry.Offset, stored.AsSpan(0, entry.StoredBytes));
            _map.DecodeVerified(frame, stored.AsSpan(0, entry.StoredBytes), codec, plain);
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(stored);
            _codecs.Add(codec);
        }
    }

    private sealed class Slot
    {
        public Lock Decoding { get; } = new();

        public byte[] Plain { get; } = new byte[Limits.MaxFramePlainBytes];

        public int Frame { get; set; } = -1;

        public bool IsDecoded { get; set; }

        public int Readers { get; set; }
    }
}
