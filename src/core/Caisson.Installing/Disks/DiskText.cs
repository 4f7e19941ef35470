using System.Globalization;

namespace Caisson.Installing;

/// <summary>Disks and partitions as a person knows them: by name, size and number on the label.</summary>
public static class DiskText
{
    /// <summary>For example <c>Samsung SSD 980, 512 GB, serial S64, /dev/nvme0n1</c>.</summary>
    public static string Of(Disk disk)
    {
        var serial = disk.Serial is { } number ? $", serial {number}" : "";
        return $"{disk.Model ?? "Disk"}, {Size(disk.Bytes)}{serial}, {disk.Path}";
    }

    /// <summary>For example <c>partition 3 "Basic data partition", 255 GB, ntfs "Windows"</c>.</summary>
    public static string Of(Partition partition)
    {
        var name = string.IsNullOrEmpty(partition.Name) ? "" : $" \"{Printable(partition.Name)}\"";
        var label = string.IsNullOrEmpty(partition.Label) ? "" : $" \"{Printable(partition.Label)}\"";
        return string.Create(CultureInfo.InvariantCulture, $"partition {partition.Number}{name}, {Size(partition.Extent.Bytes)}, {partition.Content ?? "nothing recognised"}{label}");
    }

    /// <summary>What a person types to have a disk erased: the last part of its path.</summary>
    public static string ShortName(Disk disk) => disk.Path[(disk.Path.LastIndexOf('/') + 1)..];

    /// <summary>Decimal units, as disks are sold.</summary>
    public static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e12:0.#} TB"),
        >= 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0} GB"),
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.#} GB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
    };

    /// <summary>Names come from whoever made the disk, and end on a terminal.</summary>
    internal static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
}
