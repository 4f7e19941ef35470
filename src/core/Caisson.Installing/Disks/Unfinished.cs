namespace Caisson.Installing;

/// <summary>
/// An installation that was cut, or never started: its data partition is still labelled blank, so all six partitions hold nothing of anybody
/// and may be made again.
/// </summary>
internal static class Unfinished
{
    private static readonly Guid[] Types = [DiskLayout.Esp, DiskLayout.Root, DiskLayout.Verity, DiskLayout.Root, DiskLayout.Verity, DiskLayout.Data];

    /// <summary>The six partitions, or none. Only one behind the other as <see cref="DiskLayout"/> has them: a seventh is somebody else's.</summary>
    public static IReadOnlyList<Partition> On(Disk disk)
    {
        var byPlace = disk.Partitions.OrderBy(p => p.Extent.Start).ToList();
        var last = byPlace.FindIndex(p => p.TypeId == DiskLayout.Data && p.Name == DiskLayout.DataBlankName);
        if (last < Types.Length - 1)
        {
            return [];
        }

        var six = byPlace.GetRange(last - Types.Length + 1, Types.Length);
        var adjacent = six.Zip(six.Skip(1)).All(pair => pair.First.Extent.End == pair.Second.Extent.Start);
        return adjacent && six.Select(p => p.TypeId).SequenceEqual(Types) && six[0].Name == DiskLayout.EspName ? six : [];
    }
}
