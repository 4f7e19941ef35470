namespace Caisson.Installing.Tests;

/// <summary>Disks as the tests need them.</summary>
internal static class Pcs
{
    public const long GB = 1_000_000_000;
    public const long MiB = Extent.Mebibyte;

    public static readonly Release Release = new(3, "00112233445566778899aabbccddeeff" + "ffeeddccbbaa99887766554433221100");
    public static readonly PlanIds Ids = new(Id(1), Id(2), Id(3), Id(4), Id(5));
    public static readonly Disk Stick = new() { Path = "/dev/sdz", Bytes = 8 * GB, Serial = "STICK", Removable = true, IsMedium = true, Table = TableKind.Gpt, BeginsBlank = true };

    private static readonly Guid Windows = new("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");

    public static Guid Id(int number) => new(number, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, 0, 0);

    public static Disk Empty(string path = "/dev/sda", long bytes = 256 * GB, string? serial = "EMPTY") => new() { Path = path, Bytes = bytes, Serial = serial, Model = "Test disk" };

    /// <summary>GPT: an ESP and one partition of somebody's; free from its end to the disk's.</summary>
    public static Disk Shared(long bytes = 256 * GB, long taken = 100 * GB, params IEnumerable<Partition> more)
    {
        var esp = new Extent(MiB, 100 * MiB);
        return new Disk
        {
            Path = "/dev/nvme0n1",
            Bytes = bytes,
            Serial = "SHARED",
            Table = TableKind.Gpt,
            Usable = Extent.Between(34 * 512, bytes - (33 * 512)),
            Partitions =
            [
                new(1, esp, DiskLayout.Esp, Id(100), "EFI", "vfat", "SYSTEM"),
                new(2, Extent.Between(esp.End, taken).Aligned(), Windows, Id(101), "Basic data partition", "ntfs", "Windows"),
                .. more,
            ],
        };
    }

    /// <summary>A disk on which Caisson was installed.</summary>
    public static Disk Installed(string dataName, string path = "/dev/sda", Release? release = null)
    {
        var disk = Empty(path) with { Table = TableKind.Gpt, Usable = Extent.Between(34 * 512, (256 * GB) - (33 * 512)) };
        var plan = Plan(new PcFacts { Disks = [disk] }, ByPath(path), InstallMode.Erase, release);
        return disk with
        {
            Partitions = [.. plan.Partitions.Select((p, n) => new Partition(n + 1, p.Extent, p.TypeId, p.Id, p.Role is PartitionRole.Data ? dataName : p.Name, null, null))],
        };
    }

    public static DiskChoice ByPath(string path) => new DiskChoice.ByPath(path);

    public static PlanOutcome Decide(PcFacts pc, DiskChoice choice, InstallMode mode, Release? release = null, params IReadOnlyList<string> despite) =>
        InstallPlanning.Decide(pc, new Wishes { Disk = choice, Mode = mode, Despite = despite }, release ?? Release, Ids);

    public static InstallPlan Plan(PcFacts pc, DiskChoice choice, InstallMode mode, Release? release = null, params IReadOnlyList<string> despite) =>
        Assert.IsType<PlanOutcome.Planned>(Decide(pc, choice, mode, release, despite)).Plan;

    public static IReadOnlyList<string> Codes(PlanOutcome outcome) => [.. Assert.IsType<PlanOutcome.Refused>(outcome).Reasons.Select(r => r.Code)];
}
