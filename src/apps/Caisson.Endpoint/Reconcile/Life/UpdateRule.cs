using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>A whole new generation waits while the old one runs; a part of <see cref="WorkspaceRecord"/>, so that no restart of the PC puts the end off.</summary>
/// <param name="Since">When the first generation that was not the running one became whole; a later one does not begin anew.</param>
/// <param name="DeferredUntil">The person said "later".</param>
/// <param name="WarnedAt">The person was first shown that the end is near.</param>
/// <param name="AskedAt">The guest was asked to shut down and did not.</param>
internal sealed record UpdateWait(GenerationReference Generation, DateTimeOffset Since, DateTimeOffset? DeferredUntil = null, DateTimeOffset? WarnedAt = null, DateTimeOffset? AskedAt = null);

/// <summary>What is to be done about a waiting update now.</summary>
internal abstract record UpdateStep
{
    private UpdateStep()
    {
    }

    /// <summary>Show it: now, or later.</summary>
    internal sealed record Offer : UpdateStep;

    /// <summary>Say no more of it until then.</summary>
    internal sealed record Quiet(DateTimeOffset Until) : UpdateStep;

    /// <summary>Say that the workspace restarts at this moment, and that work should be saved.</summary>
    internal sealed record Warn(DateTimeOffset RestartAt) : UpdateStep;

    /// <summary>Ask the guest to shut down; never by force.</summary>
    internal sealed record Restart : UpdateStep;
}

/// <summary>
/// When a waiting update stops waiting. A function of values:
/// <code>
///   whole ──── offer ◄──► quiet (2 h at a time) ──── warn ──────────── restart
///     │                                               │  screen still 5 min │
///     Since                              deadline − 15 min              deadline
/// </code>
/// Without a deadline the offer stays for ever. A PC that slept over its deadline warns for the whole quarter of an hour first. A guest
/// that does not shut down is not powered off: it is asked again every quarter of an hour.
/// </summary>
internal static class UpdateRule
{
    public static readonly TimeSpan Deferral = TimeSpan.FromHours(2);
    public static readonly TimeSpan Warning = TimeSpan.FromMinutes(15);
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(15);

    public static DateTimeOffset? Deadline(UpdateWait wait, TimeSpan? within) => within is { } limit ? wait.Since + limit : null;

    /// <param name="within">How long an update may wait; null is for ever.</param>
    /// <param name="idleFor">How long nothing has moved on the screen.</param>
    public static UpdateStep Decide(UpdateWait wait, TimeSpan? within, DateTimeOffset now, TimeSpan idleFor)
    {
        var warnFrom = Deadline(wait, within) - Warning;
        if (warnFrom is null || now < warnFrom)
        {
            var quietUntil = wait.DeferredUntil > warnFrom ? warnFrom : wait.DeferredUntil;
            return quietUntil > now ? new UpdateStep.Quiet(quietUntil.Value) : new UpdateStep.Offer();
        }

        var restartAt = Latest(Deadline(wait, within)!.Value, (wait.WarnedAt ?? now) + Warning, wait.AskedAt + AskAgain);
        var mayBeSooner = wait.WarnedAt is not null && (wait.AskedAt is not { } asked || now >= asked + AskAgain);
        return now >= restartAt || (mayBeSooner && idleFor >= Idle) ? new UpdateStep.Restart() : new UpdateStep.Warn(restartAt);
    }

    private static DateTimeOffset Latest(params ReadOnlySpan<DateTimeOffset?> moments)
    {
        var latest = DateTimeOffset.MinValue;
        foreach (var moment in moments)
        {
            latest = moment > latest ? moment.Value : latest;
        }

        return latest;
    }
}
