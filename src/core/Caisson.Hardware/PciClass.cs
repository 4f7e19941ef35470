using System.Globalization;

namespace Caisson.Hardware;

/// <summary>
/// What a PCI function is, in the 24 bits every maker must fill in: class, subclass, programming interface. All that is decided here is decided by
/// it, so that a PC nobody has seen yet is judged like any other.
/// </summary>
public readonly record struct PciClass(int Code)
{
    private const int Storage = 0x01;
    private const int Display = 0x03;

    /// <summary>Class and subclass, as listings write them: 0300.</summary>
    public int Kind => Code >> 8;

    public bool IsDisplay => Code >> 16 == Display;

    /// <summary>A 3D controller draws into memory; what it draws leaves the PC by the plugs of another GPU.</summary>
    public bool HasNoOutputs => Kind == 0x0302;

    /// <summary>The one thing in a foreign IOMMU group that may stay with the host: it moves nothing of its own.</summary>
    public bool IsPciBridge => Kind == 0x0604;

    public bool IsStorage => Code >> 16 == Storage;

    /// <summary>Wi-Fi reports itself as "other network controller", or since PCI 2.3 as 802.11a or b.</summary>
    public bool IsWireless => Kind is 0x0280 or 0x0d20 or 0x0d21;

    public string Name => Kind switch
    {
        0x0300 => "VGA controller",
        0x0302 => "3D controller",
        0x0403 => "audio device",
        0x0600 => "host bridge",
        0x0604 => "PCI bridge",
        0x0c03 => "USB controller",
        0x1080 => "encryption controller",
        _ => (Code >> 16) switch
        {
            Storage => "disk controller",
            0x02 => "network controller",
            Display => "display controller",
            0x04 => "multimedia device",
            0x06 => "bridge",
            0x0c => "serial bus controller",
            0x0d => "wireless controller",
            _ => string.Create(CultureInfo.InvariantCulture, $"device of class {Kind:x4}"),
        },
    };
}
