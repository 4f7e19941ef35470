namespace Caisson.Testing;

/// <summary>Disk contents from a seed: an image and the same image after an update.</summary>
public static class SampleDisks
{
    private const int Block = 4096;

    public static byte[] Old { get; } = Make(1, 7_000_123);

    public static byte[] New { get; } = Update(Old, 2);

    /// <summary>Data of which half compresses, and holes between.</summary>
    private static byte[] Make(int seed, int bytes)
    {
        var random = new Random(seed);
        var disk = new byte[bytes];
        for (var at = 0; at < bytes;)
        {
            var run = Math.Min(random.Next(1, 60) * Block, bytes - at);
            switch (random.Next(4))
            {
                case 0: break;
                case 1: Fill(disk.AsSpan(at, run), random); break;
                default: random.NextBytes(disk.AsSpan(at, run)); break;
            }

            at += run;
        }

        return disk;
    }

    private static void Fill(Span<byte> run, Random random)
    {
        for (var i = 0; i < run.Length; i++)
        {
            run[i] = (byte)('a' + random.Next(4));
        }
    }

    private static byte[] Update(byte[] disk, int seed)
    {
        var random = new Random(seed);
        var copy = (byte[])disk.Clone();
        for (var i = 0; i < 24; i++)
        {
            random.NextBytes(copy.AsSpan(random.Next(copy.Length - 50_000), random.Next(1000, 50_000)));
        }

        disk.AsSpan(0, 40 * Block).CopyTo(copy.AsSpan(100 * Block));
        return copy;
    }
}
