using System.Globalization;

namespace Caisson.Hardware;

/// <summary>Reads what the kernel says of this PC. The only part of the probe that touches anything, and it only reads.</summary>
public static class SysfsReader
{
    private const string PciDevices = "sys/bus/pci/devices";
    private const string Drm = "sys/class/drm";
    private const string EfiVariables = "sys/firmware/efi/efivars";

    /// <summary>The UEFI specification's own name space of variables.</summary>
    private const string EfiGlobal = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

    /// <summary>Four bytes of attributes stand before a variable's own bytes.</summary>
    private const int EfiAttributes = 4;

    private const int SectorBytes = 512; // Of /sys/block/*/size, whatever the disk's own is.

    /// <param name="root"><c>/</c>, or a folder with a copy of another PC's /sys, /proc and /dev.</param>
    public static HardwareFacts Read(string root)
    {
        var files = new SysfsFolder(root);
        return new HardwareFacts
        {
            Pci = Pci(files),
            CpuVirtualizes = CpuVirtualizes(files),
            KvmDevice = files.Has("dev/kvm"),
            IommuGroups = files.Names("sys/kernel/iommu_groups")?.Count(group => !IsWithoutIommu(files, group)),
            Tpms = [.. (files.Names("sys/class/tpm") ?? []).Select(tpm => files.Number($"sys/class/tpm/{tpm}/tpm_version_major"))],
            Uefi = files.Has("sys/firmware/efi"),
            SecureBoot = EfiFlag(files, "SecureBoot"),
            SetupMode = EfiFlag(files, "SetupMode"),
            MemoryBytes = MemoryBytes(files),
            SleepStates = files.Words("sys/power/state"),
            MemorySleep = files.Words("sys/power/mem_sleep") is { } words ? [.. words.Select(word => word.Trim('[', ']'))] : null,
            Disks = Disks(files),
            WirelessInterfaces = Wireless(files),
        };
    }

    private static PciInventory Pci(SysfsFolder files)
    {
        var renderNodes = RenderNodes(files);
        return new PciInventory(
            from name in files.Names(PciDevices) ?? []
            select PciAddress.TryParse(name, out var address) ? Device(files, name, address, renderNodes.GetValueOrDefault(address)) : null into device
            where device is not null
            select device);
    }

    private static PciDevice Device(SysfsFolder files, string name, PciAddress address, string? renderNode)
    {
        var folder = $"{PciDevices}/{name}";
        return new PciDevice
        {
            Address = address,
            Class = files.Hex($"{folder}/class", 0xffffff) is { } code ? new PciClass(code) : null,
            VendorId = (ushort?)files.Hex($"{folder}/vendor", 0xffff),
            DeviceId = (ushort?)files.Hex($"{folder}/device", 0xffff),
            IommuGroup = Group(files, folder),
            Driver = files.LinkedName($"{folder}/driver"),
            BootVga = files.Has($"{folder}/boot_vga") ? files.Flag($"{folder}/boot_vga") : false,
            RenderNode = renderNode,
        };
    }

    private static int? Group(SysfsFolder files, string folder) =>
        files.LinkedName($"{folder}/iommu_group") is { } name && !IsWithoutIommu(files, name)
            && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>vfio makes such groups up where there is no IOMMU; nothing keeps them apart.</summary>
    private static bool IsWithoutIommu(SysfsFolder files, string group) => files.Text($"sys/kernel/iommu_groups/{group}/name") == "vfio-noiommu";

    private static Dictionary<PciAddress, string> RenderNodes(SysfsFolder files)
    {
        var nodes = new Dictionary<PciAddress, string>();
        foreach (var node in (files.Names(Drm) ?? []).Where(name => name.StartsWith("renderD", StringComparison.Ordinal)))
        {
            if (PciAddress.TryParse(files.LinkedName($"{Drm}/{node}/device"), out var address))
            {
                nodes.TryAdd(address, node);
            }
        }

        return nodes;
    }

    private static bool? CpuVirtualizes(SysfsFolder files) =>
        Line(files, "proc/cpuinfo", "flags")?.Split(' ') is { } flags ? flags.Contains("vmx") || flags.Contains("svm") : null;

    private static long? MemoryBytes(SysfsFolder files) =>
        Line(files, "proc/meminfo", "MemTotal")?.Split(' ') is [var number, "kB"]
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes) && kibibytes <= long.MaxValue / 1024
            ? kibibytes * 1024
            : null;

    /// <summary>The value of the first line "key : value".</summary>
    private static string? Line(SysfsFolder files, string path, string key) =>
        (from line in files.Text(path)?.Split('\n') ?? []
         let colon = line.IndexOf(':', StringComparison.Ordinal)
         where colon > 0 && line.AsSpan(0, colon).Trim().SequenceEqual(key)
         select line[(colon + 1)..].Trim()).FirstOrDefault();

    private static bool? EfiFlag(SysfsFolder files, string name) => files.Bytes($"{EfiVariables}/{name}-{EfiGlobal}") switch
    {
        { Length: EfiAttributes + 1 } bytes when bytes[EfiAttributes] <= 1 => bytes[EfiAttributes] == 1,
        _ => null,
    };

    private static List<DiskFact> Disks(SysfsFolder files) =>
    [
        .. from name in files.Names("sys/block") ?? []
           where files.Has($"sys/block/{name}/device") && !name.StartsWith("sr", StringComparison.Ordinal) // Optical drives have one too.
           let sectors = files.LongNumber($"sys/block/{name}/size")
           select new DiskFact(
               name,
               sectors <= long.MaxValue / SectorBytes ? sectors * SectorBytes : null,
               files.Flag($"sys/block/{name}/queue/rotational"),
               files.Flag($"sys/block/{name}/removable")),
    ];

    private static List<string> Wireless(SysfsFolder files) =>
    [
        .. (files.Names("sys/class/net") ?? []).Where(name => files.Has($"sys/class/net/{name}/wireless") || files.Has($"sys/class/net/{name}/phy80211")),
    ];
}
