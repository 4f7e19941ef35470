namespace Caisson.Installing;

/// <summary>Where a new entry goes in the firmware's menu. The entries that are there stay, in their order, behind it.</summary>
public static class BootMenu
{
    public const string Description = "Caisson";

    /// <param name="entries">Number and content of every Boot#### variable.</param>
    /// <param name="order">BootOrder.</param>
    /// <param name="partition">Where the entry to be made leads.</param>
    /// <param name="present">The ids of all partitions this PC has now.</param>
    /// <returns>The number to write, and the order to write behind it.</returns>
    public static (ushort Number, IReadOnlyList<ushort> Order) PutFirst(
        IReadOnlyDictionary<ushort, byte[]> entries, IReadOnlyList<ushort> order, Guid partition, IReadOnlySet<Guid> present)
    {
        var reusable = entries
            .Where(e => BootEntry.Read(e.Value) is { Description: Description, PartitionId: { } id } && (id == partition || !present.Contains(id)))
            .Select(e => e.Key)
            .Order()
            .ToList();
        var number = reusable is [var first, ..] ? first : Enumerable.Range(0, ushort.MaxValue).Select(n => (ushort)n).First(n => !entries.ContainsKey(n) && !order.Contains(n));
        return (number, [number, .. order.Where(n => n != number)]);
    }
}
