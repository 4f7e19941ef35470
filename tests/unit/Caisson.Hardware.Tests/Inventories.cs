using System.Globalization;
using Caisson.Testing;

namespace Caisson.Hardware.Tests;

/// <summary>
/// Inventories of real PCs, one device a line: address, class, vendor:device, IOMMU group, driver, flags (boot_vga and the render node). "-" is none.
/// </summary>
internal static class Inventories
{
    internal const string Folder = "tests/unit/Caisson.Hardware.Tests/inventories";

    internal static PciInventory Read(string name) =>
        Parse(File.ReadAllLines(Path.Combine(Checkout.Root, Folder, name + ".txt")));

    internal static PciInventory Parse(params IEnumerable<string> lines) =>
        new(lines.Where(line => line.Length > 0 && line[0] != '#').Select(Device));

    private static PciDevice Device(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, words.Length);
        Assert.True(PciAddress.TryParse(words[0], out var address), line);
        var ids = words[2].Split(':').Select(id => ushort.Parse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)).ToList();
        var flags = words[5].Split(',');
        return new PciDevice
        {
            Address = address,
            Class = new PciClass(int.Parse(words[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)),
            VendorId = ids[0],
            DeviceId = ids[1],
            IommuGroup = words[3] == "-" ? null : int.Parse(words[3], CultureInfo.InvariantCulture),
            Driver = words[4] == "-" ? null : words[4],
            BootVga = flags.Contains("boot_vga"),
            RenderNode = flags.FirstOrDefault(flag => flag.StartsWith("renderD", StringComparison.Ordinal)),
        };
    }
}
