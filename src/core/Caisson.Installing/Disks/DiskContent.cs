namespace Caisson.Installing;

/// <summary>What would be lost.</summary>
public static class DiskContent
{
    /// <summary>Sentences without an end; none is a disk on which nothing was found. An installation that was cut, or never started, holds nothing of anybody.</summary>
    public static IReadOnlyList<string> Of(Disk disk)
    {
        var unfinished = Unfinished.On(disk);
        var found = disk.Partitions.Except(unfinished).Select(DiskText.Of).Concat(disk.Signatures.Select(kind => $"{kind} on the whole disk")).ToList();
        return found is [] && !disk.BeginsBlank ? ["something that is not recognised"] : found;
    }
}
