using System.Buffers.Binary;

namespace Caisson.Chunks;

/// <summary>
/// A pack: 16 bytes of header, then frames one after another; where they are, the index says. Version 1.0.
/// <code>
///  0  8  magic "CAISPACK"
///  8  2  major (1), little-endian
/// 10  2  minor
/// 12  4  zero
/// </code>
/// </summary>
public static class PackFormat
{
    public const int HeaderBytes = 16;

    private const ushort Major = 1;

    private static ReadOnlySpan<byte> Magic => "CAISPACK"u8;

    public static void WriteHeader(Span<byte> destination)
    {
        destination[..HeaderBytes].Clear();
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], Major);
    }

    /// <summary>Checks the first 16 bytes of a pack.</summary>
    /// <exception cref="ChunkException">Invalid: not a pack, or an unknown major version.</exception>
    public static void CheckHeader(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderBytes || !header.StartsWith(Magic))
        {
            throw new ChunkException(ChunkError.Invalid, "This is not a pack: it does not begin as one.");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(header[8..]) is var major && major != Major)
        {
            throw new ChunkException(ChunkError.Invalid, $"The pack is of format version {major} and this program reads version {Major}; use a newer one.");
        }
    }
}
