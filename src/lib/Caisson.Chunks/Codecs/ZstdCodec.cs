namespace Caisson.Chunks;

/// <summary>
/// Whole zstd frames from buffer to buffer, alone or against a prefix: bytes both sides have, which matches may point into. One thread at a time.
/// </summary>
/// <remarks>
/// A hostile frame can do no more than fail: output is bounded by the caller's buffer, and decoding in one call into it needs no window
/// of its own, whatever window the frame asks for.
/// </remarks>
internal sealed unsafe class ZstdCodec : IDisposable
{
    private readonly ZstdCompression _compression = Zstd.CreateCompression();
    private readonly ZstdDecompression _decompression = Zstd.CreateDecompression();

    /// <param name="level">zstd level, 1 to 19.</param>
    /// <param name="windowLog">0: as the level has it.</param>
    /// <param name="tableLog">Of the tables of matches, log2 of their entries; 0: as the level has it.</param>
    public ZstdCodec(int level, int windowLog = 0, bool hasLongMatches = false, int tableLog = 0)
    {
        if (_compression.IsInvalid || _decompression.IsInvalid)
        {
            throw new InvalidOperationException("zstd could not get its working memory.");
        }

        Set(Zstd.CompressionLevel, level);
        Set(Zstd.WindowLog, windowLog);
        Set(Zstd.HashLog, tableLog);
        Set(Zstd.ChainLog, tableLog);
        Set(Zstd.EnableLongDistanceMatching, hasLongMatches ? 1 : 0);
    }

    /// <returns>Bytes of <paramref name="stored"/> used; 0 if they do not suffice.</returns>
    public int Encode(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> plain, Span<byte> stored)
    {
        fixed (byte* prefixStart = prefix, plainStart = plain, storedStart = stored)
        {
            if (!prefix.IsEmpty)
            {
                _ = Zstd.SetPrefix(_compression, prefixStart, (nuint)prefix.Length);
            }

            var length = Zstd.Compress(_compression, storedStart, (nuint)stored.Length, plainStart, (nuint)plain.Length);
            return Zstd.IsError(length) != 0 ? 0 : (int)length;
        }
    }

    /// <summary>False: not one frame that decodes to exactly the length of <paramref name="plain"/>.</summary>
    public bool TryDecode(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        fixed (byte* prefixStart = prefix, plainStart = plain, storedStart = stored)
        {
            if (!prefix.IsEmpty)
            {
                _ = Zstd.SetPrefix(_decompression, prefixStart, (nuint)prefix.Length);
            }

            var length = Zstd.Decompress(_decompression, plainStart, (nuint)plain.Length, storedStart, (nuint)stored.Length);
            return Zstd.IsError(length) == 0 && length == (nuint)plain.Length;
        }
    }

    public void Dispose()
    {
        _compression.Dispose();
        _decompression.Dispose();
    }

    private void Set(int parameter, int value)
    {
        if (Zstd.IsError(Zstd.SetParameter(_compression, parameter, value)) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, $"zstd refuses this value of its parameter {parameter}.");
        }
    }
}
