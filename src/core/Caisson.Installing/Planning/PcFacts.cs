namespace Caisson.Installing;

/// <param name="Name">As the probe names it: KVM, memory, disk.</param>
public sealed record HardwareNote(string Name, string Reason);

/// <summary>The PC and its disks, as found.</summary>
public sealed record PcFacts
{
    public required IReadOnlyList<Disk> Disks { get; init; }

    /// <summary>Findings without which nothing runs.</summary>
    public IReadOnlyList<HardwareNote> Missing { get; init; } = [];

    /// <summary>Findings that cost a feature each.</summary>
    public IReadOnlyList<HardwareNote> Degraded { get; init; } = [];
}
