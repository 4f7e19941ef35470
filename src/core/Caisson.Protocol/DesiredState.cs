namespace Caisson.Protocol;

/// <summary>
/// What one endpoint shall be. The server signs it (<c>SignedDocument</c> in Caisson.Trust, payload type
/// <see cref="PayloadType"/>); the endpoint refuses a sequence below the highest it has acted on.
/// </summary>
public sealed record DesiredState
{
    public const string PayloadType = "application/vnd.caisson.desired-state.v1+json";

    public required EndpointId Endpoint { get; init; }

    /// <summary>Counts up for this endpoint and never goes back, not even after a server restore.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>Bytes per second the background filler may take from the network; null is no limit. Demand reads are never held.</summary>
    public long? FillBytesPerSecond { get; init; }

    /// <summary>Where to take images' bytes from before the server itself is asked, the first first; empty: only from the server.</summary>
    public IReadOnlyList<ImageSource> Sources { get => field ?? []; init; }

    /// <summary>Other rates at certain hours; the first that holds counts, and where none does, <see cref="FillBytesPerSecond"/>.</summary>
    public IReadOnlyList<FillHours> FillSchedule { get => field ?? []; init; }

    /// <summary>The generation of the appliance itself that the PC shall take; null leaves its system as it is.</summary>
    public GenerationReference? Appliance { get; init; }

    public required IReadOnlyList<DesiredWorkspace> Workspaces { get; init; }

    public required IReadOnlyList<Order> Orders { get; init; }
}

/// <summary>A rate for the background filler at certain hours, by the clock on the PC's wall.</summary>
public sealed record FillHours
{
    /// <summary>Days on which the hours begin; none is every day.</summary>
    public IReadOnlyList<DayOfWeek> Days { get => field ?? []; init; }

    public required TimeOnly From { get; init; }

    /// <summary>The first moment they hold no more. At or before <see cref="From"/>: on the day after.</summary>
    public required TimeOnly To { get; init; }

    /// <summary>Null is no limit, 0 is a pause.</summary>
    public long? BytesPerSecond { get; init; }
}

/// <summary>A workspace the endpoint shall have.</summary>
public sealed record DesiredWorkspace
{
    public const int DefaultKeepGenerations = 2;

    public const int DefaultAnswerWithinSeconds = 600;

    public required WorkspaceId Id { get; init; }

    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    /// <summary>For a personal workspace: what its disk is first made from; later generations never touch it.</summary>
    public required GenerationReference Generation { get; init; }

    public required int MemoryMiB { get; init; }

    public required int Cpus { get; init; }

    /// <summary>Size of the user volume; 0 is none.</summary>
    public long UserVolumeBytes { get; init; }

    /// <summary>Start when the endpoint starts; otherwise on the user's or an administrator's word.</summary>
    public bool AutoStart { get; set; } = true;

    /// <summary>Older generations that ran here and are kept on the disk to go back to without a download; null is <see cref="DefaultKeepGenerations"/>.</summary>
    public int? KeepGenerations { get; init; }

    /// <summary>Seconds of running time in which a started guest must say its first heartbeat, or its start has failed; null is <see cref="DefaultAnswerWithinSeconds"/>.</summary>
    public int? AnswerWithinSeconds { get; init; }

    /// <summary>Hours a prepared update may wait while the old generation runs on; then the workspace is restarted into it. Null is no end.</summary>
    public int? UpdateWithinHours { get; init; }

    /// <summary>How much of the PC it may take; null follows its kind.</summary>
    public WorkspaceLimits? Limits { get; init; }

    /// <summary>What its guest is and is told; null is a Linux that is told nothing.</summary>
    public GuestSettings? Guest { get; init; }
}

/// <summary>One thing an administrator asks once. Obeyed at most once, by <see cref="Id"/>; refused orders are reported with a reason.</summary>
public sealed record Order
{
    public required string Id { get; init; }

    public required OrderKind Kind { get; init; }

    public required WorkspaceId Workspace { get; init; }

    /// <summary>For <see cref="OrderKind.Display"/>: the single-use name of the stream to open outward.</summary>
    public string? Stream { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

public enum OrderKind
{
    /// <summary>Open the display stream outward to the gateway.</summary>
    Display,

    /// <summary>Send one PNG of the screen.</summary>
    Screenshot,

    Start,

    /// <summary>Ask the guest to shut down; power off after the grace time.</summary>
    Stop,

    /// <summary>Stop, then start; a prepared generation is used at this start.</summary>
    Restart,

    /// <summary>Forget that a generation failed on this PC, so that its next start uses it again.</summary>
    TryAgain,

    /// <summary>Fetch nothing in the background on this PC until told to go on; whichever workspace is named. What a running guest reads still comes.</summary>
    PauseFilling,

    /// <summary>Go on after <see cref="PauseFilling"/>, or after the person at the PC paused it.</summary>
    ResumeFilling,

    /// <summary>Write the workspace's memory to the disk and end it; <see cref="Start"/> goes on where it was. Never of a personal workspace.</summary>
    Suspend,
}
