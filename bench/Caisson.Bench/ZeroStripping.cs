namespace Caisson.Bench;

/// <summary>
/// A disk without its 4 KiB blocks of zeros. Whole-file patch tools can not skip holes by themselves and refuse files of 6 GiB; this is the
/// kindest form they can be given a disk in.
/// </summary>
internal static class ZeroStripping
{
    private const int Block = 4096;

    public static void Copy(string from, string to)
    {
        using var source = File.OpenHandle(from, options: FileOptions.SequentialScan);
        using var target = new FileStream(to, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        var buffer = new byte[4 << 20];
        var kept = new byte[buffer.Length];
        for (long at = 0, size = RandomAccess.GetLength(source); at < size; at += buffer.Length)
        {
            var got = RandomAccess.Read(source, buffer.AsSpan(0, (int)Math.Min(buffer.Length, size - at)), at);
            var length = 0;
            for (var start = 0; start < got; start += Block)
            {
                var block = buffer.AsSpan(start, Math.Min(Block, got - start));
                if (block.ContainsAnyExcept((byte)0))
                {
                    block.CopyTo(kept.AsSpan(length));
                    length += block.Length;
                }
            }

            target.Write(kept, 0, length);
        }
    }
}
