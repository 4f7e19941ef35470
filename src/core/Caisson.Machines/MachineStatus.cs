using System.Collections.Immutable;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>What is known of a machine at one moment. Published whole after each change.</summary>
public sealed record MachineStatus
{
    public required WorkspaceState State { get; init; }

    /// <summary>When QEMU was started; kept over an adoption.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>First heartbeat of this start, by the host's clock; null until the guest has spoken.</summary>
    public DateTimeOffset? FirstHeartbeatAt { get; init; }

    public DateTimeOffset? LastHeartbeatAt { get; init; }

    /// <summary>The guest kernel's boot id as the last heartbeat claimed it.</summary>
    public Guid? BootId { get; init; }

    /// <summary>What the guest says of itself; bounded, untrusted, never acted on.</summary>
    public ImmutableSortedDictionary<string, string> GuestFacts { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Guest kernel panics since this start.</summary>
    public int Panics { get; init; }

    /// <summary>One sentence when something is wrong: what happened, why, what to do.</summary>
    public string? Problem { get; init; }

    /// <summary>One sentence the person should know though nothing is wrong now; kept until the next start.</summary>
    public string? Notice { get; init; }

    /// <summary>QEMU's process id while it runs; for people and logs, never to signal by.</summary>
    public int? ProcessId { get; init; }
}

public enum StopMode
{
    /// <summary>Ask the guest; power off when the grace time is over.</summary>
    Shutdown,

    /// <summary>Ask the guest; when the grace time is over and it has not shut down, leave it running.</summary>
    Ask,

    /// <summary>Power off now, as if the plug were pulled.</summary>
    Kill,
}
