using System.Globalization;

namespace Caisson.Installing;

/// <summary>From a choice to one disk, or why there is none.</summary>
internal static class DiskSelection
{
    public static (Disk? Disk, Refusal? Refusal) Find(IReadOnlyList<Disk> disks, DiskChoice choice) => choice switch
    {
        DiskChoice.BySerial named => Only(disks, d => d.Serial == named.Serial, $"the serial number '{named.Serial}'"),
        DiskChoice.ByPath named => Only(disks, d => d.Path == named.Path, $"the path '{named.Path}'"),
        DiskChoice.BySize size => Only(
            disks,
            d => IsBuiltIn(d) && d.Bytes >= size.LeastBytes && d.Bytes <= size.MostBytes,
            $"a size of {DiskText.Size(size.LeastBytes)} to {DiskText.Size(size.MostBytes)}"),
        _ => LargestEmpty(disks),
    };

    private static (Disk?, Refusal?) Only(IReadOnlyList<Disk> disks, Func<Disk, bool> matches, string what) => disks.Where(matches).ToList() switch
    {
        [var one] => (one, null),
        [] => (null, new("I-101", $"No disk has {what}. There are: {List(disks)}.")),
        var many => (null, new("I-102", string.Create(CultureInfo.InvariantCulture, $"{many.Count} disks have {what}: {List(many)}. Name one by its serial number."))),
    };

    private static (Disk?, Refusal?) LargestEmpty(IReadOnlyList<Disk> disks)
    {
        var builtIn = disks.Where(IsBuiltIn).ToList();
        var empty = builtIn.Where(d => DiskContent.Of(d) is []).OrderByDescending(d => d.Bytes).ToList();
        return empty switch
        {
            [] => (null, new("I-103", $"No built-in disk is empty. There are: {List(builtIn)}. Name the one to erase by its serial number.")),
            [var first, var second, ..] when first.Bytes == second.Bytes =>
                (null, new("I-102", $"Several empty disks are the largest: {List(empty.Where(d => d.Bytes == first.Bytes))}. Name one by its serial number.")),
            [var first, ..] => (first, null),
        };
    }

    private static bool IsBuiltIn(Disk disk) => disk is { Removable: false, IsMedium: false, ReadOnly: false };

    private static string List(IEnumerable<Disk> disks) => string.Join("; ", disks.Where(d => !d.IsMedium).Select(DiskText.Of)) is { Length: > 0 } text ? text : "none";
}
