using System.Runtime.InteropServices;

namespace Caisson.Chunks;

/// <summary>The functions of libzstd (1.5, its stable interface) this library uses. Every Debian has it: dpkg needs it.</summary>
internal static unsafe partial class Zstd
{
    public const int CompressionLevel = 100;
    public const int WindowLog = 101;
    public const int HashLog = 102;
    public const int ChainLog = 103;
    public const int EnableLongDistanceMatching = 160;

    private const string Library = "libzstd.so.1";

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    public static partial ZstdCompression CreateCompression();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    public static partial nuint FreeCompression(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    public static partial ZstdDecompression CreateDecompression();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    public static partial nuint FreeDecompression(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    public static partial nuint SetParameter(ZstdCompression context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_refPrefix")]
    public static partial nuint SetPrefix(ZstdCompression context, byte* prefix, nuint bytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_compress2")]
    public static partial nuint Compress(ZstdCompression context, byte* target, nuint capacity, byte* source, nuint bytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_DCtx_refPrefix")]
    public static partial nuint SetPrefix(ZstdDecompression context, byte* prefix, nuint bytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressDCtx")]
    public static partial nuint Decompress(ZstdDecompression context, byte* target, nuint capacity, byte* source, nuint bytes);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    public static partial uint IsError(nuint code);
}

/// <summary>A ZSTD_CCtx.</summary>
internal sealed class ZstdCompression : SafeHandle
{
    public ZstdCompression()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Zstd.IsError(Zstd.FreeCompression(handle)) == 0;
}

/// <summary>A ZSTD_DCtx.</summary>
internal sealed class ZstdDecompression : SafeHandle
{
    public ZstdDecompression()
        : base(0, ownsHandle: true)
    {
    }

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle() => Zstd.IsError(Zstd.FreeDecompression(handle)) == 0;
}
