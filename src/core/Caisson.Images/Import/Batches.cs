using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>A batch whose chunks have their names.</summary>
internal sealed record HashedBatch(ContentBatch Batch, ChunkId[] Ids)
{
    /// <summary>How many batches, of 4 MiB and as much encoded, may be under way in one step: enough for the cores, and memory that ends with eight.</summary>
    public static int AtOnce(int cores) => Math.Min(cores, 8) + 1;

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
internal sealed class NewFrame(uint row)
{
    public uint Row { get; } = row;

    public List<int> Chunks { get; } = [];

    public int PlainBytes { get; private set; }

    /// <returns>The chunk's offset in the frame's plain bytes.</returns>
    public int Add(int chunk, int bytes)
    {
        var offset = PlainBytes;
        Chunks.Add(chunk);
        PlainBytes += bytes;
        return offset;
    }
}

/// <summary>An encoded frame; its bytes are in a buffer of the batch.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PackedFrame(byte[] RentedStored, int StoredBytes, int PlainBytes, FrameEncoding Encoding)
{
    public ReadOnlySpan<byte> Stored => RentedStored.AsSpan(0, StoredBytes);
}

/// <summary>Frames ready to be written, in order, and where the import stands after them. Disposing returns their buffers.</summary>
internal sealed class PackedBatch(IReadOnlyList<PackedFrame> frames, ImportState after) : IDisposable
{
    private static readonly ConcurrentBag<(int Level, FrameCodec Codec)> IdleCodecs = [];

    public IReadOnlyList<PackedFrame> Frames => frames;

    public ImportState After => after;

    /// <param name="level">zstd level; 0: as they are.</param>
    public static PackedBatch Compress(ContentBatch batch, List<NewFrame> newFrames, ImportState after, int level)
    {
        var codec = level == 0 ? null : IdleCodecs.TryTake(out var idle) && idle.Level == level ? idle.Codec : new FrameCodec(level);
        var frames = new PackedFrame[newFrames.Count];
        for (var i = 0; i < frames.Length; i++)
        {
            var plain = ArrayPool<byte>.Shared.Rent(Limits.MaxFramePlainBytes);
            var length = 0;
            foreach (var chunk in newFrames[i].Chunks)
            {
                batch.Plain(chunk).CopyTo(plain.AsSpan(length));
                length += batch.Chunks[chunk].Bytes;
            }

            frames[i] = codec is null ? new PackedFrame(plain, length, length, FrameEncoding.Stored) : Encode(codec, plain, length);
        }

        ArrayPool<byte>.Shared.Return(batch.RentedBuffer);
        if (codec is not null)
        {
            IdleCodecs.Add((level, codec));
        }

        return new PackedBatch(frames, after);
    }

    public void Dispose()
    {
        foreach (var frame in frames)
        {
            ArrayPool<byte>.Shared.Return(frame.RentedStored);
        }
    }

    private static PackedFrame Encode(FrameCodec codec, byte[] rentedPlain, int length)
    {
        var stored = ArrayPool<byte>.Shared.Rent(Limits.MaxFrameStoredBytes);
        var (encoding, bytes) = codec.Encode(rentedPlain.AsSpan(0, length), stored);
        ArrayPool<byte>.Shared.Return(rentedPlain);
        return new PackedFrame(stored, bytes, length, encoding);
    }
}
