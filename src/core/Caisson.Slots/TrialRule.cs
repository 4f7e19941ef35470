namespace Caisson.Slots;

/// <summary>How long a new version must do well, and how soon it must reach the control plane.</summary>
public sealed record TrialLimits(TimeSpan Healthy, TimeSpan Contact);

/// <summary>What is seen of a version on trial.</summary>
public sealed record TrialFacts
{
    /// <summary>Since the trial began, by a clock that no time server moves.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Since when the caissond that runs now does so; null: none does.</summary>
    public TimeSpan? CaissondSince { get; init; }

    /// <summary>The PC belongs to a control plane; only then there is one to reach, and a caissond that must run.</summary>
    public required bool IsEnrolled { get; init; }

    /// <summary>The control plane has answered since the PC was started.</summary>
    public required bool HasContact { get; init; }
}

public enum TrialVerdict
{
    /// <summary>Too early to say.</summary>
    Wait,

    Good,

    Bad,
}

/// <summary>When a new version is good, and when the PC goes back to the old one.</summary>
public static class TrialRule
{
    /// <returns>The verdict, and the reason of a bad one as a sentence.</returns>
    public static (TrialVerdict Verdict, string? Reason) Judge(TrialFacts facts, TrialLimits limits)
    {
        if (!facts.IsEnrolled)
        {
            return facts.Elapsed >= limits.Healthy ? (TrialVerdict.Good, null) : (TrialVerdict.Wait, null);
        }

        if (!facts.HasContact && facts.Elapsed >= limits.Contact)
        {
            return (TrialVerdict.Bad, $"It did not reach the control plane in {Seconds(limits.Contact)}.");
        }

        var up = facts.CaissondSince is { } since ? facts.Elapsed - since : TimeSpan.Zero;
        if (facts.HasContact && up >= limits.Healthy)
        {
            return (TrialVerdict.Good, null);
        }

        // One restart of caissond is forgiven, a loop of them is not.
        return facts.Elapsed >= (2 * limits.Healthy) + limits.Contact ? (TrialVerdict.Bad, $"caissond did not stay up for {Seconds(limits.Healthy)}.") : (TrialVerdict.Wait, null);
    }

    private static string Seconds(TimeSpan time) => $"{time.TotalSeconds:0} s";
}
