namespace Caisson.Hardware.Tests;

public sealed class SysfsReaderTests
{
    [Fact]
    public void A_PC_is_read_as_the_kernel_shows_it()
    {
        using var pc = PcTree.Laptop();
        var facts = SysfsReader.Read(pc.Root);

        Assert.Equal(
            [
                Gpu("0000:00:02.0", 0x8086, 0x9a49, 0, "i915", "renderD128") with { BootVga = true },
                Gpu("0000:01:00.0", 0x10de, 0x21c4, 1, "nouveau", "renderD129"),
                Gpu("0000:01:00.1", 0x10de, 0x1aeb, 1, null, null) with { Class = new PciClass(0x040300) },
                Gpu("0000:aa:00.0", 0x8086, 0x2725, 2, "iwlwifi", null) with { Class = new PciClass(0x028000) },
            ],
            facts.Pci.Devices);
        Assert.Equal((true, true, 3, true), (facts.CpuVirtualizes, facts.KvmDevice, facts.IommuGroups, facts.Uefi));
        Assert.Equal((true, false, 16203844L * 1024), (facts.SecureBoot, facts.SetupMode, facts.MemoryBytes));
        Assert.Equal([2], facts.Tpms);
        Assert.Equal(["freeze", "mem", "disk"], facts.SleepStates);
        Assert.Equal(["s2idle", "deep"], facts.MemorySleep);
        Assert.Equal([new DiskFact("nvme0n1", 1_000_215_216L * 512, Rotational: false, Removable: false)], facts.Disks);
        Assert.Equal(["wlp170s0"], facts.WirelessInterfaces);
    }

    [Fact]
    public void Where_nothing_is_everything_is_unknown_or_absent()
    {
        using var pc = new PcTree();
        var facts = SysfsReader.Read(pc.Root);

        Assert.Empty(facts.Pci.Devices);
        Assert.Equal(((bool?)null, false, (int?)null, false), (facts.CpuVirtualizes, facts.KvmDevice, facts.IommuGroups, facts.Uefi));
        Assert.Equal(((bool?)null, (bool?)null, (long?)null), (facts.SecureBoot, facts.SetupMode, facts.MemoryBytes));
        Assert.Null(facts.SleepStates);
        Assert.Empty(facts.Disks);
    }

    [Fact]
    public void Groups_that_vfio_made_up_are_no_IOMMU()
    {
        using var pc = PcTree.Laptop();
        foreach (var group in (string[])["0", "1", "2"])
        {
            pc.File($"sys/kernel/iommu_groups/{group}/name", "vfio-noiommu\n");
        }

        var facts = SysfsReader.Read(pc.Root);
        Assert.Equal(0, facts.IommuGroups);
        Assert.False(facts.Pci.IommuIsOn);
    }

    [Fact]
    public void A_boot_display_that_cannot_be_read_may_be_one()
    {
        using var pc = PcTree.Laptop();
        pc.File("sys/bus/pci/devices/0000:01:00.0/boot_vga", "perhaps\n");
        Assert.Null(SysfsReader.Read(pc.Root).Pci.Devices[1].BootVga);
    }

    /// <summary>Each file in turn is empty, wild, huge, negative, a folder or away: the rest is still read, and every finding still made.</summary>
    [Fact]
    public void Garbled_files_are_facts_and_never_exceptions()
    {
        using var model = PcTree.Laptop();
        byte[][] garbage = [[], [0xff, 0xfe, 0, 0x0a], [.. Enumerable.Repeat((byte)'9', 300_000)], "-1\n"u8.ToArray(), "0x\n"u8.ToArray(), "0xffffffffffff"u8.ToArray(), "MemTotal: 99999999999999999999 kB\nflags"u8.ToArray()];
        foreach (var path in Directory.EnumerateFiles(model.Root, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(model.Root, file)).Order(StringComparer.Ordinal).ToList())
        {
            using var pc = PcTree.Laptop();
            foreach (var bytes in garbage)
            {
                File.Delete(Path.Combine(pc.Root, path));
                Judge(pc.File(path, bytes));
            }

            File.Delete(Path.Combine(pc.Root, path));
            Judge(pc);
            Judge(pc.Folder(path));
        }
    }

    [Fact]
    public void Links_that_lead_nowhere_or_round_in_circles_are_no_drivers_and_no_groups()
    {
        using var pc = new PcTree();
        pc.File("sys/bus/pci/devices/0000:00:02.0/class", "0x030000\n").Folder("sys/bus/pci/devices/not-an-address");
        pc.Link("sys/bus/pci/devices/0000:00:02.0/iommu_group", "iommu_group").Link("sys/class/drm/renderD128", "renderD128").Link("sys/class/tpm", "/nowhere/tpm");
        var device = Assert.Single(SysfsReader.Read(pc.Root).Pci.Devices);
        Assert.Equal(((int?)null, (string?)null, (string?)null), (device.IommuGroup, device.Driver, device.RenderNode));
        Judge(pc);
    }

    private static void Judge(PcTree pc)
    {
        var facts = SysfsReader.Read(pc.Root);
        Assert.Equal(9, HardwareProbe.Judge(facts, KvmTrial.NotTried).Count);
        Assert.Equal(2, GraphicsPlan.For(facts.Pci, GraphicsPolicy.WorkAndPersonal).Count);
    }

    private static PciDevice Gpu(string address, ushort vendor, ushort device, int group, string? driver, string? node)
    {
        Assert.True(PciAddress.TryParse(address, out var parsed));
        return new PciDevice { Address = parsed, Class = new PciClass(0x030000), VendorId = vendor, DeviceId = device, IommuGroup = group, Driver = driver, RenderNode = node };
    }
}
