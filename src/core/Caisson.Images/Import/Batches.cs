using System.Buffers;
using System.Collections.Concurrent;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>A batch whose chunks have their names.</summary>
internal sealed record HashedBatch(ContentBatch Batch, ChunkId[] Ids)
{
    public static HashedBatch Of(ContentBatch batch)
    {
        var ids = new ChunkId[batch.Chunks.Count];
        for (var i = 0; i < ids.Length; i++)
        {
            ids[i] = ChunkId.Of(batch.Plain(i));
        }

        return new HashedBatch(batch, ids);
    }
}

/// <summary>A frame to be stored: chunks of one batch, by their number in it.</summary>
internal sealed class NewFrame
{
    public FramePlace Place { get; } = new();

    public List<int> Chunks { get; } = [];

    /// <returns>The chunk's offset in the frame's plain bytes.</returns>
    public int Add(int chunk, int bytes)
    {
        var offset = Place.PlainBytes;
        Chunks.Add(chunk);
        Place.PlainBytes += bytes;
        return offset;
    }
}

/// <summary>Frames ready to be written, in order. Disposing returns their buffers.</summary>
internal sealed class PackedBatch(List<(FramePlace Place, byte[] RentedStored)> frames) : IDisposable
{
    private static readonly ConcurrentBag<(int Level, FrameCodec Codec)> IdleCodecs = [];

    public IReadOnlyList<(FramePlace Place, byte[] RentedStored)> Frames => frames;

    /// <param name="level">zstd level; 0 stores frames as they are.</param>
    public static PackedBatch Compress(ContentBatch batch, List<NewFrame> newFrames, int level)
    {
        var frames = new List<(FramePlace, byte[])>(newFrames.Count);
        if (level == 0)
        {
            foreach (var frame in newFrames)
            {
                var stored = ArrayPool<byte>.Shared.Rent(Limits.MaxFrameStoredBytes);
                (frame.Place.Encoding, frame.Place.StoredBytes) = (FrameEncoding.Stored, Join(batch, frame, stored));
                frames.Add((frame.Place, stored));
            }
        }
        else
        {
            var codec = IdleCodecs.TryTake(out var idle) && idle.Level == level ? idle.Codec : new FrameCodec(level);
            var plain = ArrayPool<byte>.Shared.Rent(Limits.MaxFramePlainBytes);
            foreach (var frame in newFrames)
            {
                var stored = ArrayPool<byte>.Shared.Rent(Limits.MaxFrameStoredBytes);
                (frame.Place.Encoding, frame.Place.StoredBytes) = codec.Encode(plain.AsSpan(0, Join(batch, frame, plain)), stored);
                frames.Add((frame.Place, stored));
            }

            ArrayPool<byte>.Shared.Return(plain);
            IdleCodecs.Add((level, codec));
        }

        ArrayPool<byte>.Shared.Return(batch.RentedBuffer);
        return new PackedBatch(frames);
    }

    /// <summary>The frame's chunks one after another; returns their bytes.</summary>
    private static int Join(ContentBatch batch, NewFrame frame, Span<byte> target)
    {
        var length = 0;
        foreach (var chunk in frame.Chunks)
        {
            batch.Plain(chunk).CopyTo(target[length..]);
            length += batch.Chunks[chunk].Bytes;
        }

        return length;
    }

    public void Dispose()
    {
        foreach (var (_, stored) in frames)
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }
}
