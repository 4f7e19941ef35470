using Caisson.Testing;

namespace Caisson.Hardware.Tests;

/// <summary>A folder that looks like the /sys, /proc and /dev of one PC.</summary>
internal sealed class PcTree : IDisposable
{
    private readonly TestFolder _folder = new();

    internal string Root => _folder.Path;

    public void Dispose() => _folder.Dispose();

    internal PcTree File(string path, string text) => File(path, System.Text.Encoding.Latin1.GetBytes(text));

    internal PcTree File(string path, byte[] bytes)
    {
        System.IO.File.WriteAllBytes(Parent(path), bytes);
        return this;
    }

    internal PcTree Folder(string path)
    {
        Directory.CreateDirectory(Path.Combine(Root, path));
        return this;
    }

    internal PcTree Link(string path, string target)
    {
        System.IO.File.CreateSymbolicLink(Parent(path), target);
        return this;
    }

    /// <summary>A laptop of the better kind, with two GPUs.</summary>
    internal static PcTree Laptop()
    {
        var tree = new PcTree();
        tree.Pci("0000:00:02.0", "0x030000", "0x8086", "0x9a49", group: 0, driver: "i915").File("sys/bus/pci/devices/0000:00:02.0/boot_vga", "1\n");
        tree.Pci("0000:01:00.0", "0x030000", "0x10de", "0x21c4", group: 1, driver: "nouveau").File("sys/bus/pci/devices/0000:01:00.0/boot_vga", "0\n");
        tree.Pci("0000:01:00.1", "0x040300", "0x10de", "0x1aeb", group: 1, driver: null);
        tree.Pci("0000:aa:00.0", "0x028000", "0x8086", "0x2725", group: 2, driver: "iwlwifi");
        tree.Link("sys/class/drm/renderD128/device", "../../../0000:00:02.0").Link("sys/class/drm/renderD129/device", "../../../0000:01:00.0").Folder("sys/class/drm/card0");
        tree.File("sys/class/tpm/tpm0/tpm_version_major", "2\n");
        tree.File("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", [6, 0, 0, 0, 1]);
        tree.File("sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c", [6, 0, 0, 0, 0]);
        tree.File("proc/meminfo", "MemTotal:       16203844 kB\nMemFree:         8203844 kB\n");
        tree.File("proc/cpuinfo", "processor\t: 0\nvmx flags\t: vnmi\nflags\t\t: fpu vme vmx sse\n\nprocessor\t: 1\nflags\t\t: fpu vme vmx sse\n");
        tree.File("sys/power/state", "freeze mem disk\n").File("sys/power/mem_sleep", "[s2idle] deep\n");
        tree.Disk("nvme0n1", sectors: 1_000_215_216, rotational: 0, removable: 0).Folder("sys/block/loop0").Disk("sr0", 2_000_000, 1, 1);
        tree.Folder("sys/class/net/wlp170s0/wireless").Folder("sys/class/net/lo");
        return tree.File("dev/kvm", "");
    }

    private PcTree Pci(string address, string kind, string vendor, string device, int group, string? driver)
    {
        var folder = $"sys/bus/pci/devices/{address}";
        File($"{folder}/class", kind + "\n").File($"{folder}/vendor", vendor + "\n").File($"{folder}/device", device + "\n");
        Folder($"sys/kernel/iommu_groups/{group}").Link($"{folder}/iommu_group", $"../../../../kernel/iommu_groups/{group}");
        return driver is null ? this : Link($"{folder}/driver", $"../../../../bus/pci/drivers/{driver}");
    }

    private PcTree Disk(string name, long sectors, int rotational, int removable) =>
        File($"sys/block/{name}/size", $"{sectors}\n").File($"sys/block/{name}/queue/rotational", $"{rotational}\n").File($"sys/block/{name}/removable", $"{removable}\n").Folder($"sys/block/{name}/device");

    private string Parent(string path)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        return full;
    }
}
