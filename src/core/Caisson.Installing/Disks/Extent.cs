namespace Caisson.Installing;

/// <summary>A stretch of a disk, in bytes.</summary>
public sealed record Extent(long Start, long Bytes)
{
    public const long Mebibyte = 1 << 20;

    /// <summary>The first byte behind it.</summary>
    public long End => Start + Bytes;

    public static Extent Between(long start, long end) => new(start, Math.Max(0, end - start));

    /// <summary>Without what lies before its first and behind its last whole mebibyte: what partitions begin and end at.</summary>
    public Extent Aligned() => Between((Start + Mebibyte - 1) / Mebibyte * Mebibyte, End / Mebibyte * Mebibyte);
}
