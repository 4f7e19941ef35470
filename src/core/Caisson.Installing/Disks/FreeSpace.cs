namespace Caisson.Installing;

internal static class FreeSpace
{
    /// <summary>The largest stretch of a GPT disk that no partition has, on whole mebibytes; null where there is none.</summary>
    /// <param name="without">Partitions that are as good as gone.</param>
    public static Extent? Largest(Disk disk, IReadOnlyList<Partition> without)
    {
        if (disk.Usable is not { } usable)
        {
            return null;
        }

        var at = usable.Start;
        var gaps = new List<Extent>();
        foreach (var taken in disk.Partitions.Except(without).Select(p => p.Extent).OrderBy(e => e.Start))
        {
            gaps.Add(Extent.Between(at, taken.Start).Aligned());
            at = Math.Max(at, taken.End);
        }

        gaps.Add(Extent.Between(at, usable.End).Aligned());
        return gaps.Where(gap => gap.Bytes > 0).MaxBy(gap => gap.Bytes);
    }
}
