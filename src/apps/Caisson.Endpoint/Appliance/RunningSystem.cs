using System.Globalization;
using Caisson.FileSystems;
using Caisson.Slots;

namespace Caisson.Endpoint.Appliance;

/// <summary>The appliance that runs: its version, its root hash, and the disk it was started from.</summary>
/// <param name="Version">As <c>os-release</c> of the verified root says.</param>
/// <param name="Disk">Path of the whole disk.</param>
internal sealed record RunningSystem(int Version, RootHash Root, string Disk)
{
    private const string Blocks = "/sys/class/block";

    /// <summary>Kernel's unit in sysfs, whatever the disk's own sectors.</summary>
    private const long SysfsSector = 512;

    /// <exception cref="EndpointException">This is not an appliance.</exception>
    public static RunningSystem Find()
    {
        var release = File.ReadLines("/usr/lib/os-release").Select(l => l.Split('=', 2)).Where(l => l.Length == 2).ToDictionary(l => l[0], l => l[1].Trim('"'), StringComparer.Ordinal);
        var root = RootHash.OfCommandLine(File.ReadAllText("/proc/cmdline"));
        if (release.GetValueOrDefault("ID") != "caisson" || root is null || !int.TryParse(release.GetValueOrDefault("VERSION_ID"), NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            throw new EndpointException("This is not the Caisson appliance: only there is the system updated by Caisson.");
        }

        return new RunningSystem(version, root, "/dev/" + DiskUnderRoot());
    }

    public DiskRegion Open(FileAccess access) => new(Disk, 0, Sectors(Path.GetFileName(Disk), "size"), access);

    /// <summary>The kernel's own node of a partition: a wrong number cannot reach another one through it.</summary>
    public DiskRegion Open(Partition partition, FileAccess access)
    {
        var disk = Path.GetFileName(Disk);
        var number = partition.Number.ToString(CultureInfo.InvariantCulture);
        var node = Directory.GetDirectories(Path.Combine(Blocks, disk), disk + "*").Select(Path.GetFileName).FirstOrDefault(name => Read($"{disk}/{name}/partition") == number)
            ?? throw new EndpointException($"The kernel knows no partition {number} of '{Disk}'.");
        return Sectors(node!, "start") == partition.Offset && Sectors(node!, "size") == partition.Bytes
            ? new DiskRegion("/dev/" + node, 0, partition.Bytes, access)
            : throw new EndpointException($"The kernel's partition '{node}' is not the one that the disk's table names; restart the PC.");
    }

    /// <summary>The disk that lies under the verified root, which is the device-mapper device of that name.</summary>
    private static string DiskUnderRoot()
    {
        foreach (var mapped in Directory.GetDirectories(Blocks, "dm-*"))
        {
            if (Read($"{Path.GetFileName(mapped)}/dm/name") == "root" && Directory.EnumerateFileSystemEntries(Path.Combine(mapped, "slaves")).Select(Path.GetFileName).FirstOrDefault() is { } partition)
            {
                // /sys/class/block/vda2 is a link to …/block/vda/vda2.
                return Path.GetFileName(Path.GetDirectoryName(new DirectoryInfo(Path.Combine(Blocks, partition)).ResolveLinkTarget(returnFinalTarget: true)!.FullName)!);
            }
        }

        throw new EndpointException("The disk that this system was started from was not found.");
    }

    private static long Sectors(string node, string what) => long.Parse(Read($"{node}/{what}") ?? "0", CultureInfo.InvariantCulture) * SysfsSector;

    private static string? Read(string file) => File.Exists(Path.Combine(Blocks, file)) ? File.ReadAllText(Path.Combine(Blocks, file)).Trim() : null;
}
