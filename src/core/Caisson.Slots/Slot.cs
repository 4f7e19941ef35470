using Caisson.FileSystems;

namespace Caisson.Slots;

/// <summary>Room for one version on a PC's disk: a partition for the root file system and one for its hash tree.</summary>
public sealed record Slot(Partition Root, Partition Verity)
{
    /// <summary>Whether its ids are the halves of that hash: whether a kernel that names it would take this slot.</summary>
    public bool IsNamed(RootHash hash) => Root.Id == hash.RootId && Verity.Id == hash.VerityId;
}

/// <summary>The two slots of the disk a PC runs from.</summary>
/// <param name="Running">Holds what runs now and is never written.</param>
/// <param name="Spare">The other.</param>
public sealed record SlotPair(Slot Running, Slot Spare)
{
    private const string RootType = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";
    private const string VerityType = "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5";

    /// <summary>What the appliance's own build and installer call a partition of a slot; another system's root beside it has another name.</summary>
    private static bool IsOurs(Partition partition) => partition.Name == EmptyName || partition.Name.StartsWith("caisson_", StringComparison.Ordinal);

    public const string EmptyName = "_empty";

    /// <param name="running">The hash on the command line of the kernel that runs.</param>
    /// <exception cref="ReleaseException">The disk is not laid out as the appliance's.</exception>
    public static SlotPair Of(IEnumerable<Partition> partitions, RootHash running)
    {
        var ours = partitions.Where(IsOurs).OrderBy(p => p.Offset).ToList();
        var (roots, trees) = (ours.Where(p => p.Type == RootType).ToList(), ours.Where(p => p.Type == VerityType).ToList());
        if (roots.Count != 2 || trees.Count != 2)
        {
            throw new ReleaseException($"This disk has {roots.Count} root and {trees.Count} hash partitions of the appliance, not two of each: it cannot update itself.");
        }

        var slots = new[] { new Slot(roots[0], trees[0]), new Slot(roots[1], trees[1]) };
        return (slots[0].IsNamed(running), slots[1].IsNamed(running)) switch
        {
            (true, false) => new SlotPair(slots[0], slots[1]),
            (false, true) => new SlotPair(slots[1], slots[0]),
            _ => throw new ReleaseException("It is not clear from which slot of this disk the system runs."),
        };
    }
}
