namespace Caisson.Bench;

/// <summary>
/// A disk of twice the size: the image, and behind it the image once more with every byte turned, holes staying holes. The second half shares no
/// bytes with the first but has its shape, so that twice the work is to be done: what is linear takes twice the time.
/// </summary>
internal static class TwiceTheDisk
{
    private const byte Turn = 0x5a;

    public static void Make(string from, string to)
    {
        using var source = File.OpenHandle(from, options: FileOptions.SequentialScan);
        using var target = File.OpenHandle(to, FileMode.Create, FileAccess.Write);
        var size = RandomAccess.GetLength(source);
        RandomAccess.SetLength(target, 2 * size);
        var buffer = new byte[1 << 20];
        for (var at = 0L; at < size; at += buffer.Length)
        {
            var piece = buffer.AsSpan(0, RandomAccess.Read(source, buffer, at));
            if (!piece.ContainsAnyExcept((byte)0))
            {
                continue;
            }

            RandomAccess.Write(target, piece, at);
            for (var block = 0; block < piece.Length; block += 4096)
            {
                TurnBlock(piece.Slice(block, Math.Min(4096, piece.Length - block)));
            }

            RandomAccess.Write(target, piece, size + at);
        }
    }

    private static void TurnBlock(Span<byte> block)
    {
        if (block.ContainsAnyExcept((byte)0))
        {
            foreach (ref var value in block)
            {
                value ^= Turn;
            }
        }
    }
}
