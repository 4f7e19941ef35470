using System.Numerics;

namespace Caisson.FileSystems;

/// <summary>The two CRCs of disks.</summary>
internal static class Checksums
{
    private static readonly uint[] s_table = [.. Enumerable.Range(0, 256).Select(i => Entry((uint)i))];

    /// <summary>CRC-32C as ext4 uses it: begun with a seed, not inverted at the end.</summary>
    public static uint Crc32C(uint seed, ReadOnlySpan<byte> bytes)
    {
        var crc = seed;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, bytes.U64(0));
            bytes = bytes[8..];
        }

        foreach (var one in bytes)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return crc;
    }

    /// <summary>CRC-32 of a GPT (UEFI 2.10, 5.3.2): ISO 3309, the same as zip's.</summary>
    public static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var one in bytes)
        {
            crc = s_table[(crc ^ one) & 0xff] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint Entry(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) != 0 ? 0xedb88320 ^ (value >> 1) : value >> 1;
        }

        return value;
    }
}
