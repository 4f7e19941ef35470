namespace Caisson.Hardware;

/// <summary>One PCI function as the kernel shows it. Null is "could not be read", unless said otherwise.</summary>
public sealed record PciDevice
{
    public required PciAddress Address { get; init; }

    public PciClass? Class { get; init; }

    /// <summary>For people to find it in a listing; nothing is ever decided by it.</summary>
    public ushort? VendorId { get; init; }

    public ushort? DeviceId { get; init; }

    /// <summary>The set of functions the IOMMU can only keep apart from the rest as a whole; null also without an IOMMU.</summary>
    public int? IommuGroup { get; init; }

    /// <summary>Null is none.</summary>
    public string? Driver { get; init; }

    /// <summary>The firmware drew on it. Null when that could not be read: then it may have.</summary>
    public bool? BootVga { get; init; } = false;

    /// <summary>For example <c>renderD128</c>: programs draw in 3D through it. Null is none.</summary>
    public string? RenderNode { get; init; }

    public bool IsDisplay => Class is { IsDisplay: true };

    public bool HasOutputs => Class is { IsDisplay: true, HasNoOutputs: false };

    /// <summary>As a sentence names it: what it is, and where.</summary>
    public override string ToString() => $"{Class?.Name ?? "unknown device"} {Address}";
}
