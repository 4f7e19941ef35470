namespace Caisson.Faults.Tests.Flips;

/// <summary>One bit of a file, flipped.</summary>
internal static class BitFlip
{
    /// <returns>Which, in words.</returns>
    public static string In(string path, Random random)
    {
        using var file = File.OpenHandle(path, access: FileAccess.ReadWrite);
        var (offset, mask) = (random.NextInt64(RandomAccess.GetLength(file)), (byte)(1 << random.Next(8)));
        Span<byte> value = stackalloc byte[1];
        _ = RandomAccess.Read(file, value, offset);
        value[0] ^= mask;
        RandomAccess.Write(file, value, offset);
        return $"The flip of bit {mask:x2} of byte {offset}";
    }
}
