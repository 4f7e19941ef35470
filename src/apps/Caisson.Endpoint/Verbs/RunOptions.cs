using Caisson.Endpoint.Sources;
using Caisson.Machines;

namespace Caisson.Endpoint.Verbs;

/// <summary>How caissond runs.</summary>
internal sealed record RunOptions
{
    public required string DataFolder { get; init; }

    public string? RunFolder { get; init; }

    /// <summary>Of the local page; 0 takes a free one.</summary>
    public required int LocalPort { get; init; }

    /// <summary>Unix socket of the page, for the appliance's switcher; no port is opened then.</summary>
    public string? PageSocket { get; init; }

    /// <summary>At SIGTERM the machines go on.</summary>
    public bool LeaveRunning { get; init; }

    public bool JsonLog { get; init; }

    /// <summary>On the appliance: where root keeps what it knows of its versions. Null on a Linux of its own.</summary>
    public string? ApplianceState { get; init; }

    /// <summary>What KVM is tried with; null takes the kernel of this PC.</summary>
    public ProbeKernel? Probe { get; init; }

    /// <summary>Where images come from beside the server.</summary>
    public SourceOptions Sources { get; init; } = new();

    /// <summary>UEFI, except where a test boots its guest's kernel directly.</summary>
    public required Firmware Firmware { get; init; }
}
