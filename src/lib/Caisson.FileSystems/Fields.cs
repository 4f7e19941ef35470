using System.Buffers.Binary;

namespace Caisson.FileSystems;

/// <summary>Little-endian numbers in bytes from a disk, by their place.</summary>
internal static class Fields
{
    public static ushort U16(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    public static uint U32(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    public static ulong U64(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]);

    public static ushort U16(this byte[] bytes, int at) => ((ReadOnlySpan<byte>)bytes).U16(at);

    public static uint U32(this byte[] bytes, int at) => ((ReadOnlySpan<byte>)bytes).U32(at);

    /// <summary>Reads, or says that the disk is damaged where the range is not inside it.</summary>
    public static void ReadInside(this IReadableDisk disk, long offset, Span<byte> buffer, string what)
    {
        if (offset < 0 || buffer.Length > disk.Bytes - offset)
        {
            throw FileSystemException.Damaged($"{what} lies outside the disk.");
        }

        disk.Read(offset, buffer);
    }

    /// <summary>Reads what the disk has of a range; the rest of the buffer becomes zero.</summary>
    public static void ReadUpTo(this IReadableDisk disk, long offset, Span<byte> buffer)
    {
        buffer.Clear();
        var there = (int)Math.Clamp(disk.Bytes - offset, 0, buffer.Length);
        if (there > 0)
        {
            disk.Read(offset, buffer[..there]);
        }
    }
}
