namespace Caisson.Hardware;

/// <summary>What <see cref="SysfsReader"/> found. Null always means that it could not be read: a fact like any other, and never taken for a no.</summary>
public sealed record HardwareFacts
{
    public required PciInventory Pci { get; init; }

    /// <summary>The processor says that it has VT-x or AMD-V, and the firmware did not hide it.</summary>
    public bool? CpuVirtualizes { get; init; }

    public bool KvmDevice { get; init; }

    /// <summary>How many groups the IOMMU keeps apart; 0 is an IOMMU that is off or absent.</summary>
    public int? IommuGroups { get; init; }

    /// <summary>The major version of each TPM; null for one that does not say.</summary>
    public IReadOnlyList<int?> Tpms { get; init; } = [];

    /// <summary>Started by UEFI, not by a BIOS or its imitation.</summary>
    public bool Uefi { get; init; }

    public bool? SecureBoot { get; init; }

    /// <summary>The firmware takes keys from anybody.</summary>
    public bool? SetupMode { get; init; }

    /// <summary>What the kernel can use: less than what is plugged in.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Words of /sys/power/state: freeze, standby, mem, disk.</summary>
    public IReadOnlyList<string>? SleepStates { get; init; }

    /// <summary>What "mem" means here, by the words of /sys/power/mem_sleep: s2idle, shallow, deep.</summary>
    public IReadOnlyList<string>? MemorySleep { get; init; }

    public IReadOnlyList<DiskFact> Disks { get; init; } = [];

    /// <summary>Network interfaces that are wireless and have a driver.</summary>
    public IReadOnlyList<string> WirelessInterfaces { get; init; } = [];
}

/// <summary>One real disk: no partition, loop, RAM disk or optical drive.</summary>
public sealed record DiskFact(string Name, long? Bytes, bool? Rotational, bool? Removable);
