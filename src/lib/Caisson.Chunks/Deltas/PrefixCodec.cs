using ZstdSharp.Unsafe;

namespace Caisson.Chunks;

/// <summary>zstd against a prefix: bytes both sides have, which matches may point into. One thread at a time.</summary>
public sealed unsafe class PrefixCodec : IDisposable
{
    /// <summary>A window that spans the largest prefix and unit together.</summary>
    private const int WindowLog = 24;

    private readonly ZSTD_CCtx_s* _compress;
    private readonly ZSTD_DCtx_s* _decompress;

    public PrefixCodec(int level = 3)
    {
        _compress = Methods.ZSTD_createCCtx();
        _decompress = Methods.ZSTD_createDCtx();
        if (_compress is null || _decompress is null)
        {
            throw new InvalidOperationException("zstd could not get its working memory.");
        }

        Methods.ZSTD_CCtx_setParameter(_compress, ZSTD_cParameter.ZSTD_c_compressionLevel, level);
        Methods.ZSTD_CCtx_setParameter(_compress, ZSTD_cParameter.ZSTD_c_windowLog, WindowLog);
        Methods.ZSTD_CCtx_setParameter(_compress, ZSTD_cParameter.ZSTD_c_enableLongDistanceMatching, 1);
    }

    /// <returns>Bytes of <paramref name="stored"/> used; 0 if they do not suffice.</returns>
    public int Encode(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> plain, Span<byte> stored)
    {
        fixed (byte* prefixStart = prefix, plainStart = plain, storedStart = stored)
        {
            Methods.ZSTD_CCtx_refPrefix(_compress, prefixStart, (nuint)prefix.Length);
            var length = Methods.ZSTD_compress2(_compress, storedStart, (nuint)stored.Length, plainStart, (nuint)plain.Length);
            return Methods.ZSTD_isError(length) ? 0 : (int)length;
        }
    }

    /// <exception cref="ChunkException">Invalid: not exactly as many bytes as <paramref name="plain"/> has.</exception>
    public void Decode(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        fixed (byte* prefixStart = prefix, plainStart = plain, storedStart = stored)
        {
            Methods.ZSTD_DCtx_refPrefix(_decompress, prefixStart, (nuint)prefix.Length);
            var length = Methods.ZSTD_decompressDCtx(_decompress, plainStart, (nuint)plain.Length, storedStart, (nuint)stored.Length);
            if (Methods.ZSTD_isError(length) || length != (nuint)plain.Length)
            {
                throw new ChunkException(ChunkError.Invalid, "A part of the delta does not decode to the length its table names.");
            }
        }
    }

    public void Dispose()
    {
        Methods.ZSTD_freeCCtx(_compress);
        Methods.ZSTD_freeDCtx(_decompress);
    }
}
