using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Frames of a store's packs, decoded; the last one is kept, since chunks are asked for in the order in which they lie. One thread at a time.</summary>
internal sealed class StoredFrame(ImageStore store) : IDisposable
{
    private readonly FrameCodec _codec = new();
    private readonly byte[] _stored = new byte[Limits.MaxFrameStoredBytes];
    private readonly byte[] _plain = new byte[Limits.MaxFramePlainBytes];
    private (PackEntry Pack, FrameEntry Frame)? _held;
    private (ChunkId Id, PackFile File)? _pack;

    /// <summary>The plain bytes of a frame, until the next call.</summary>
    /// <exception cref="ChunkException">Missing or invalid.</exception>
    public ReadOnlySpan<byte> Read(PackEntry pack, FrameEntry frame)
    {
        if (_held != (pack, frame))
        {
            _held = null;
            Open(pack.Id).Read(frame.Offset, _stored.AsSpan(0, frame.StoredBytes));
            _codec.Decode(frame.Encoding, _stored.AsSpan(0, frame.StoredBytes), _plain.AsSpan(0, frame.PlainBytes));
            _held = (pack, frame);
        }

        return _plain.AsSpan(0, frame.PlainBytes);
    }

    public void Dispose()
    {
        _codec.Dispose();
        _pack?.File.Dispose();
    }

    private PackFile Open(ChunkId id)
    {
        if (_pack?.Id != id)
        {
            _pack?.File.Dispose();
            _pack = null;
            _pack = (id, new PackFile(store.BlobPath(id.Digest)));
        }

        return _pack.Value.File;
    }
}
