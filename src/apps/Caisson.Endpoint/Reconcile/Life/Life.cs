using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// What this PC remembers of the generations of one managed or disposable workspace: a part of <see cref="WorkspaceRecord"/>, on disk before
/// anything is done on it. Changed by <see cref="LifeRule"/> alone.
/// </summary>
internal sealed record Life
{
    public static readonly Life None = new();

    /// <summary>Failed starts after which a generation is not started by itself any more.</summary>
    public const int MostFailures = 2;

    /// <summary>The committed generation: the newest that has said a heartbeat here. Null until the first.</summary>
    public GenerationReference? Good { get; init; }

    /// <summary>
    /// <see cref="Good"/> has stayed up for a whole window after its heartbeat. Until then it falls back like one on trial, so that a
    /// generation that answers and then panics does not pass for a broken PC.
    /// </summary>
    public bool IsSettled { get; init; }

    /// <summary>Committed before <see cref="Good"/>, newest first; on the disk to go back to.</summary>
    public IReadOnlyList<GenerationReference> Kept { get => field ?? []; init; }

    /// <summary>The start under way, or the last one.</summary>
    public Attempt? Attempt { get; init; }

    /// <summary>Failed starts, one entry a generation, the oldest first; kept while others are wanted.</summary>
    public IReadOnlyList<Strikes> Strikes { get => field ?? []; init; }

    /// <summary>A committed generation fails: something in this PC, not in the generation.</summary>
    public bool IsPcFault => Good is { } good && FailuresOf(good) >= MostFailures;

    public bool IsRefused(GenerationReference generation) => !Same(generation, Good) && FailuresOf(generation) >= MostFailures;

    public int FailuresOf(GenerationReference generation) => Strikes.FirstOrDefault(s => Same(s.Generation, generation))?.Count ?? 0;

    public StartFailure? FailureOf(GenerationReference? generation) => Strikes.FirstOrDefault(s => Same(s.Generation, generation))?.Last;

    /// <summary>A generation is what its manifest digest names.</summary>
    public static bool Same(GenerationReference? a, GenerationReference? b) => string.Equals(a?.ManifestDigest, b?.ManifestDigest, StringComparison.Ordinal);
}

/// <summary>One start of a machine.</summary>
/// <param name="Ran">Running time so far: until the heartbeat, and after it until it is settled. Nothing else counts, above all no pause.</param>
internal sealed record Attempt(GenerationReference Generation, AttemptState State, TimeSpan Ran);

internal enum AttemptState
{
    /// <summary>Started, and waited for.</summary>
    Watched,

    /// <summary>It said a heartbeat.</summary>
    Answered,

    /// <summary>Its window is over; the screen is alive, the tools are silent. It runs on.</summary>
    Degraded,

    /// <summary>Counted as failed; what is left of it is to be stopped.</summary>
    Failed,

    /// <summary>The machine is gone.</summary>
    Ended,
}

/// <summary>How often a generation's start has failed here, and why the last time.</summary>
internal sealed record Strikes(GenerationReference Generation, int Count, StartFailure Last);
