using System.Globalization;
using System.Runtime.InteropServices;

namespace Caisson.Hardware;

/// <summary>Where a PCI function sits, as sysfs and QEMU write it: <c>0000:01:00.0</c>. Ordered as the kernel finds them.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PciAddress(int Domain, byte Bus, byte Slot, byte Function) : IComparable<PciAddress>
{
    public static bool TryParse(string? text, out PciAddress address)
    {
        address = default;
        if (text?.Split(':') is not [var domain, var bus, var place] || place.Split('.') is not [var slot, var function])
        {
            return false;
        }

        // A domain behind a VMD controller has five digits.
        if (!Hex(domain, 4, 5, 0xfffff, out var d) || !Hex(bus, 2, 2, 0xff, out var b) || !Hex(slot, 2, 2, 0x1f, out var s) || !Hex(function, 1, 1, 7, out var f))
        {
            return false;
        }

        address = new PciAddress(d, (byte)b, (byte)s, (byte)f);
        return true;
    }

    /// <summary>The same plug or the same corner of the chipset: one device with several functions.</summary>
    public bool SharesSlotWith(PciAddress other) => (Domain, Bus, Slot) == (other.Domain, other.Bus, other.Slot);

    public int CompareTo(PciAddress other) => (Domain, Bus, Slot, Function).CompareTo((other.Domain, other.Bus, other.Slot, other.Function));

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Domain:x4}:{Bus:x2}:{Slot:x2}.{Function:x}");

    public static bool operator <(PciAddress left, PciAddress right) => left.CompareTo(right) < 0;

    public static bool operator >(PciAddress left, PciAddress right) => left.CompareTo(right) > 0;

    public static bool operator <=(PciAddress left, PciAddress right) => left.CompareTo(right) <= 0;

    public static bool operator >=(PciAddress left, PciAddress right) => left.CompareTo(right) >= 0;

    private static bool Hex(string text, int fewest, int most, int largest, out int value)
    {
        value = 0;
        return text.Length >= fewest && text.Length <= most
            && int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value) && value <= largest;
    }
}
