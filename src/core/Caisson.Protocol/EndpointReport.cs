using System.Collections.ObjectModel;
namespace Caisson.Protocol;

/// <summary>What an endpoint says of itself after each change and at each poll. Whatever comes from a guest is a claim, never a fact.</summary>
public sealed record EndpointReport
{
    public required EndpointId Endpoint { get; init; }

    /// <summary>Highest desired-state sequence acted on.</summary>
    public required long Sequence { get; init; }

    public required HostFacts Host { get; init; }

    /// <summary>Managed and disposable workspaces in full; of a personal one only <see cref="WorkspaceReport.Id"/>, kind and state.</summary>
    public required IReadOnlyList<WorkspaceReport> Workspaces { get; init; }

    public required IReadOnlyList<OrderResult> Orders { get; init; }

    /// <summary>How the system under the workspaces stands; null on a PC with a Linux of its own that nobody wanted to update.</summary>
    public ApplianceReport? Appliance { get; init; }
}

public sealed record HostFacts
{
    public required string HostName { get; init; }

    public required string CaissondVersion { get; init; }

    public required string QemuVersion { get; init; }

    /// <summary>"kvm" or "tcg".</summary>
    public required string Accelerator { get; init; }

    public required int Cpus { get; init; }

    public required long MemoryBytes { get; init; }

    public required long FreeDiskBytes { get; init; }
}

public enum WorkspaceState
{
    Stopped,
    Starting,
    Running,
    Paused,

    /// <summary>Held on a disk error; goes on by itself when the source is back.</summary>
    WaitingForDisk,
    Stopping,
    Failed,

    /// <summary>Its memory is being written to the disk; its processors stand still.</summary>
    Suspending,

    /// <summary>Its memory lies on the disk and nothing of it runs; the next start goes on where it was.</summary>
    Suspended,
}

public sealed record WorkspaceReport
{
    public required WorkspaceId Id { get; init; }

    public required WorkspaceKind Kind { get; init; }

    public required WorkspaceState State { get; init; }

    /// <summary>Generation the running or last run machine was started from.</summary>
    public int? RunningGeneration { get; init; }

    /// <summary>Generation complete on this disk and used at the next start.</summary>
    public int? PreparedGeneration { get; init; }

    /// <summary>Bytes present of the image being filled, and its whole; equal when it is offline-ready.</summary>
    public long PresentBytes { get; init; }

    public long ImageBytes { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>First heartbeat of this start; null until the guest has spoken.</summary>
    public DateTimeOffset? FirstHeartbeatAt { get; init; }

    public DateTimeOffset? LastHeartbeatAt { get; init; }

    /// <summary>What the guest says of itself, as name and value; bounded, untrusted.</summary>
    public IReadOnlyDictionary<string, string> GuestFacts { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    /// <summary>How the generation stands on this PC; null where no generation has been started yet, and always of a personal workspace.</summary>
    public GenerationLife? Life { get; init; }

    /// <summary>One sentence when something is wrong: what happened, why, what to do.</summary>
    public string? Problem { get; init; }
}

public sealed record OrderResult
{
    public required string Id { get; init; }

    public required OrderOutcome Outcome { get; init; }

    public string? Reason { get; init; }
}

public enum OrderOutcome
{
    Done,
    Refused,
    Failed,
}
