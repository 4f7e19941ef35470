namespace Caisson.Hardware;

/// <summary>All PCI functions of a PC, in the order of their addresses and each once.</summary>
public sealed class PciInventory
{
    public PciInventory(IEnumerable<PciDevice> devices) =>
        Devices = [.. devices.DistinctBy(d => d.Address).OrderBy(d => d.Address)];

    public IReadOnlyList<PciDevice> Devices { get; }

    public IEnumerable<PciDevice> Gpus => Devices.Where(d => d.IsDisplay);

    /// <summary>The kernel sorts functions into groups only where an IOMMU keeps them apart.</summary>
    public bool IommuIsOn => Devices.Any(d => d.IommuGroup is not null);

    public IEnumerable<PciDevice> Group(int number) => Devices.Where(d => d.IommuGroup == number);
}
