namespace Caisson.Installing;

/// <summary>
/// The appliance's partitions, one behind the other: ESP, slot A, slot B, data. The same as appliance/partitions.sh, and a test compares.
/// The ids of a slot's two partitions are the halves of its root hash: the boot finds them by that.
/// </summary>
public static class DiskLayout
{
    public const long EspMebibytes = 512;
    public const long RootMebibytes = 768;
    public const long VerityMebibytes = 16;

    /// <summary>Below this the first start cannot make a file system that holds anything.</summary>
    public const long LeastDataMebibytes = 2048;

    public const string DataBlankName = "caisson-data-new";
    public const string EspName = "caisson-esp";
    public const string EmptySlotName = "_empty";

    public static readonly Guid Esp = new("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
    public static readonly Guid Root = new("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709");
    public static readonly Guid Verity = new("2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5");

    /// <summary>Caisson's own, so that nobody else's partition is ever taken for it.</summary>
    public static readonly Guid Data = new("7c0a155d-6f1e-4f0b-9d5c-2b1f6f0c5a10");

    /// <summary>Read-only, and not for discovery by whichever other system starts from this disk.</summary>
    private const string SlotAttributes = "GUID:60,63";

    /// <summary>Without data.</summary>
    public static long SystemBytes => (EspMebibytes + (2 * (RootMebibytes + VerityMebibytes))) * Extent.Mebibyte;

    public static long LeastBytes => SystemBytes + (LeastDataMebibytes * Extent.Mebibyte);

    /// <summary>All of <paramref name="space"/>, which begins and ends on whole mebibytes.</summary>
    internal static IReadOnlyList<NewPartition> Fill(Extent space, Release release, PlanIds ids)
    {
        var at = space.Start;
        NewPartition Next(PartitionRole role, long mebibytes, Guid type, string name, Guid id, string attributes)
        {
            var extent = new Extent(at, mebibytes * Extent.Mebibyte);
            at = extent.End;
            return new NewPartition(role, extent, type, id, name, attributes);
        }

        return
        [
            Next(PartitionRole.Esp, EspMebibytes, Esp, EspName, ids.Esp, ""),
            Next(PartitionRole.Root, RootMebibytes, Root, release.SlotName, release.RootId, SlotAttributes),
            Next(PartitionRole.Verity, VerityMebibytes, Verity, release.SlotName, release.VerityId, SlotAttributes),
            Next(PartitionRole.Spare, RootMebibytes, Root, EmptySlotName, ids.SpareRoot, SlotAttributes),
            Next(PartitionRole.Spare, VerityMebibytes, Verity, EmptySlotName, ids.SpareVerity, SlotAttributes),
            Next(PartitionRole.Data, (space.End - at) / Extent.Mebibyte, Data, DataBlankName, ids.Data, "GUID:63"),
        ];
    }
}
