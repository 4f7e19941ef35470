namespace Caisson.Chunks;

/// <summary>How the bytes of a frame are stored. The numbers are the format's.</summary>
public enum FrameEncoding
{
    /// <summary>As they are: compression did not pay.</summary>
    Stored = 0,

    /// <summary>One zstd frame (RFC 8878).</summary>
    Zstd = 1,
}

/// <summary>Encodes and decodes frames: at most <see cref="Limits.MaxFramePlainBytes"/> of consecutive chunks. One thread at a time.</summary>
/// <param name="level">zstd level, 1 to 19.</param>
public sealed class FrameCodec(int level = 3) : IDisposable
{
    private readonly ZstdCodec _zstd = new(level);

    /// <summary>Encodes the smaller way.</summary>
    /// <param name="stored">At least as long as <paramref name="plain"/>.</param>
    /// <returns>How, and how many bytes of <paramref name="stored"/> it took.</returns>
    public (FrameEncoding Encoding, int StoredBytes) Encode(ReadOnlySpan<byte> plain, Span<byte> stored)
    {
        // A destination no longer than the source makes zstd give up where it would not pay.
        if (_zstd.Encode([], plain, stored[..plain.Length]) is > 0 and var length && length < plain.Length)
        {
            return (FrameEncoding.Zstd, length);
        }

        plain.CopyTo(stored);
        return (FrameEncoding.Stored, plain.Length);
    }

    /// <summary>Decodes a whole frame. Memory is bounded by <paramref name="plain"/>: a bomb only fails to fit.</summary>
    /// <exception cref="ChunkException">Invalid: the frame does not decode to exactly the length of <paramref name="plain"/>.</exception>
    public void Decode(FrameEncoding encoding, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        switch (encoding)
        {
            case FrameEncoding.Stored when stored.Length == plain.Length:
                stored.CopyTo(plain);
                return;
            case FrameEncoding.Zstd when _zstd.TryDecode([], stored, plain):
                return;
            default:
                throw new ChunkException(ChunkError.Invalid, $"A frame of {stored.Length} bytes does not decode to the {plain.Length} bytes its index names.");
        }
    }

    public void Dispose() => _zstd.Dispose();
}
