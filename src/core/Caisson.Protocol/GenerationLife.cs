namespace Caisson.Protocol;

/// <summary>How an endpoint stands with the generations of one workspace; the rule it follows is the endpoint's own.</summary>
public sealed record GenerationLife
{
    public required GenerationHealth Health { get; init; }

    /// <summary>The newest generation that has said a heartbeat here: what the PC goes back to.</summary>
    public int? Committed { get; init; }

    /// <summary>Older generations on the disk, newest first; going back to one needs no download.</summary>
    public required IReadOnlyList<int> Kept { get; init; }

    /// <summary>The generation that failed here and is not tried again until an administrator says so.</summary>
    public int? Refused { get; init; }

    /// <summary>Why its last start, or the committed generation's, failed.</summary>
    public StartFailure? Failure { get; init; }

    /// <summary>A whole newer generation waits for the next start since this moment; null when none does.</summary>
    public DateTimeOffset? UpdateWaitsSince { get; init; }

    /// <summary>When the workspace is restarted into the waiting generation; null without a deadline.</summary>
    public DateTimeOffset? UpdateBy { get; init; }

    /// <summary>What was seen of starts that failed, newest first, at most a few.</summary>
    public required IReadOnlyList<StartEvidence> Evidence { get; init; }
}

/// <summary>Where a workspace's generation stands on one PC.</summary>
public enum GenerationHealth
{
    /// <summary>The generation it runs, or ran last, has answered here.</summary>
    Well,

    /// <summary>The generation it runs has not answered here yet.</summary>
    OnTrial,

    /// <summary>The screen is alive, the guest tools are silent: it is left running and not gone back from.</summary>
    Degraded,

    /// <summary>The wanted generation failed twice here; the one before it runs instead.</summary>
    RolledBack,

    /// <summary>The wanted generation failed twice here, and there is none to go back to.</summary>
    Stuck,

    /// <summary>A generation that has answered here before fails now: the PC is the fault. Nothing is started by itself any more.</summary>
    PcFault,
}

/// <summary>Why a start failed.</summary>
public enum StartFailure
{
    /// <summary>No heartbeat, and nothing moved on the screen.</summary>
    Silent,

    /// <summary>The guest's kernel panicked three times.</summary>
    Panicked,
}

/// <summary>What was seen of one start that failed, or was silent behind a living screen. The picture and the serial log are sent beside it.</summary>
public sealed record StartEvidence
{
    /// <summary>1 to 40 of [a-z0-9-]; made by the endpoint.</summary>
    public required string Id { get; init; }

    public required int Generation { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Null when the screen was alive and the start did not fail.</summary>
    public StartFailure? Failure { get; init; }

    /// <summary>A sentence for people.</summary>
    public required string Text { get; init; }
}
