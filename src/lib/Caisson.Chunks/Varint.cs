namespace Caisson.Chunks;

/// <summary>Numbers in as few bytes as they need: seven bits a byte, lowest first, the highest bit says that more follow (LEB128).</summary>
internal static class Varint
{
    private const int MaxBytes = 10;

    public static void Append(List<byte> target, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            target.Add((byte)(value | 0x80));
        }

        target.Add((byte)value);
    }

    /// <summary>Reads one number and moves on. False: cut short, or more than 64 bits.</summary>
    public static bool TryRead(ref ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        for (var at = 0; at < source.Length && at < MaxBytes; at++)
        {
            var part = (ulong)(source[at] & 0x7F);
            if (at == MaxBytes - 1 && part > 1)
            {
                return false;
            }

            value |= part << (7 * at);
            if (source[at] < 0x80)
            {
                source = source[(at + 1)..];
                return true;
            }
        }

        return false;
    }

    /// <summary>Small numbers of either sign as small numbers: 0, −1, 1, −2 become 0, 1, 2, 3.</summary>
    public static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    public static long UnZigZag(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);
}
