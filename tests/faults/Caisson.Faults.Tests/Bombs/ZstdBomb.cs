namespace Caisson.Faults.Tests.Bombs;

/// <summary>A zstd frame of a raw block and then nothing but RLE blocks, four bytes for each 128 KiB (RFC 8878, 3.1.1.2).</summary>
internal static class ZstdBomb
{
    private const int BlockBytes = 128 * 1024;
    private const int Raw = 0;
    private const int RunLength = 1;

    /// <param name="start">What the plain bytes begin with, below 128 KiB.</param>
    /// <param name="plainBytes">All of them; what is not <paramref name="start"/> is <paramref name="filling"/>.</param>
    public static byte[] Make(ReadOnlySpan<byte> start, long plainBytes, byte filling = 0)
    {
        using var frame = new MemoryStream();
        frame.Write([0x28, 0xB5, 0x2F, 0xFD, 0x00, (17 - 10) << 3]);
        if (!start.IsEmpty)
        {
            Block(start.Length, Raw, isLast: false);
            frame.Write(start);
        }

        for (var left = plainBytes - start.Length; left > 0; left -= BlockBytes)
        {
            Block((int)Math.Min(left, BlockBytes), RunLength, left <= BlockBytes);
            frame.WriteByte(filling);
        }

        return frame.ToArray();

        void Block(int bytes, int type, bool isLast)
        {
            var header = (bytes << 3) | (type << 1) | (isLast ? 1 : 0);
            frame.Write([(byte)header, (byte)(header >> 8), (byte)(header >> 16)]);
        }
    }
}
