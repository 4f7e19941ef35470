using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// How a generation lives and dies on one PC. A function: the same memory and the same event give the same memory; no clock, no disk.
/// <code>
///    prepared in the background
///        │ next start
///        ▼            heartbeat                    a window of running time
///    on trial ─────────────────────► committed ──────────────────────────► settled
///      │  ▲ │                          │ (Good; the one before is kept)        │
///      │  │ │ window over,             │ two failed starts,                    │ two failed starts
///      │  │ │ screen alive             │ not settled yet, one kept             ▼
///      │  │ ▼                          │                                    PC fault: nothing starts by itself
///      │  │ degraded: runs on          │
///      │  │ first failed start         │
///      ▼  │                            ▼
///    two failed starts ─────────► refused, and the one before runs (rolled back); none before: stuck
///                                      │
///                                      ▼  an administrator says "try again"
///                                  forgotten
/// </code>
/// A start fails only by a whole window of <em>running</em> time without a heartbeat behind a dead screen, or by three guest panics.
/// A stop by the user, the lid, the battery or the host ends a start without a verdict; a guest that ends its own run before it answered
/// takes its running time into the next start, so that one that switches itself off for ever is found out too.
/// </summary>
internal static class LifeRule
{
    public const int MostPanics = 3;

    /// <summary>More than an administrator can ask to keep.</summary>
    private const int MostKept = 20;

    /// <summary>Generations whose failures are remembered; the oldest is forgotten first.</summary>
    private const int MostStruck = 8;

    /// <summary>The running time in which a start must answer.</summary>
    public static TimeSpan Window(DesiredWorkspace wanted) => TimeSpan.FromSeconds(wanted.AnswerWithinSeconds ?? DesiredWorkspace.DefaultAnswerWithinSeconds);

    public static Life After(Life life, LifeEvent happened) => happened switch
    {
        LifeEvent.Keeps(var keep) => Keep(life, keep),
        LifeEvent.Started(var generation) => life with { Attempt = new Attempt(generation, AttemptState.Watched, Carried(life, generation)) },
        LifeEvent.Ran(var by, var window) => Ran(life, by, window),
        LifeEvent.Answered => life.Attempt is { State: AttemptState.Watched or AttemptState.Degraded } attempt ? Commit(life, attempt) : life,
        LifeEvent.LookedAlive => life.Attempt is { State: AttemptState.Watched } attempt ? life with { Attempt = attempt with { State = AttemptState.Degraded } } : life,
        LifeEvent.Failed(var why) => life.Attempt is { State: not (AttemptState.Failed or AttemptState.Ended) } attempt ? Fail(life, attempt, why) : life,
        LifeEvent.Ended(var asked) => life.Attempt is { State: not AttemptState.Ended } attempt ? life with { Attempt = End(attempt, asked) } : life,
        LifeEvent.TryAgain => life with { Strikes = [], Attempt = life.Attempt is { State: AttemptState.Ended } attempt ? attempt with { Ran = TimeSpan.Zero } : life.Attempt },
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>What is to be said of the start under way.</summary>
    /// <param name="panics">Of the guest's kernel since this start.</param>
    /// <param name="screen">What was seen of the screen in the window, but for its beginning.</param>
    public static StartVerdict Judge(Life life, int panics, ScreenMotion screen, TimeSpan window) => life.Attempt switch
    {
        null or { State: AttemptState.Failed or AttemptState.Ended } => StartVerdict.None,
        _ when panics >= MostPanics => StartVerdict.Panicked,
        { State: AttemptState.Watched } watched when watched.Ran >= window && screen.IsSeen => screen.HasMoved ? StartVerdict.Degraded : StartVerdict.Silent,
        _ => StartVerdict.None,
    };

    /// <summary>Which generation the next start uses; null when none may be started.</summary>
    /// <param name="asked">A person asked for this start. It is what a PC fault waits for; a refused generation it does not bring back.</param>
    public static GenerationReference? Choose(Life life, GenerationReference wanted, IReadOnlyDictionary<string, ImageState> images, bool asked)
    {
        var good = life.Good is { } g && images.ContainsKey(g.ManifestDigest) ? g : null;
        var wantedMayRun = !life.IsRefused(wanted) && (asked || !life.IsPcFault || !Life.Same(wanted, life.Good));
        if (!wantedMayRun)
        {
            return life.IsPcFault && !asked ? null : good;
        }

        var onlyGoodIsWhole = good is not null && !life.IsPcFault && Whole(good) && !Whole(wanted);
        return onlyGoodIsWhole ? good : wanted;

        bool Whole(GenerationReference generation) => images.GetValueOrDefault(generation.ManifestDigest) == ImageState.Complete;
    }

    public static GenerationHealth Health(Life life, GenerationReference? wanted) => life switch
    {
        { IsPcFault: true } => GenerationHealth.PcFault,
        _ when wanted is not null && life.IsRefused(wanted) => life.Good is null ? GenerationHealth.Stuck : GenerationHealth.RolledBack,
        { Attempt.State: AttemptState.Degraded } => GenerationHealth.Degraded,
        { Attempt: { } attempt } when !Life.Same(attempt.Generation, life.Good) => GenerationHealth.OnTrial,
        _ => GenerationHealth.Well,
    };

    // What failed stays refused while others are wanted: a roll-back that is undone must not make it fail twice more.
    private static Life Keep(Life life, int keep) => life.Kept.Count <= keep ? life : life with { Kept = [.. life.Kept.Take(keep)] };

    private static TimeSpan Carried(Life life, GenerationReference generation) =>
        life.Attempt is { State: AttemptState.Ended } last && Life.Same(last.Generation, generation) ? last.Ran : TimeSpan.Zero;

    private static Life Ran(Life life, TimeSpan by, TimeSpan window)
    {
        var isOver = life.Attempt is not { State: AttemptState.Watched or AttemptState.Answered } attempt || (attempt.State == AttemptState.Answered && attempt.Ran >= window);
        if (by <= TimeSpan.Zero || isOver)
        {
            return life;
        }

        var ran = life.Attempt! with { Ran = life.Attempt.Ran + by };
        if (ran.State != AttemptState.Answered || ran.Ran < window)
        {
            return life with { Attempt = ran };
        }

        // It stayed up: whatever failed before is over.
        return life with { Attempt = ran with { Ran = window }, IsSettled = true, Strikes = Without(life, ran.Generation) };
    }

    private static Life Commit(Life life, Attempt attempt)
    {
        var answered = attempt with { State = AttemptState.Answered, Ran = TimeSpan.Zero };
        return Life.Same(attempt.Generation, life.Good)
            ? life with { Attempt = answered, Strikes = life.FailureOf(attempt.Generation) == StartFailure.Silent ? Without(life, attempt.Generation) : life.Strikes }
            : life with
            {
                Attempt = answered,
                Good = attempt.Generation,
                IsSettled = false,
                Kept = [.. ((GenerationReference?[])[life.Good, .. life.Kept]).OfType<GenerationReference>().Where(g => !Life.Same(g, attempt.Generation)).Take(MostKept)],
                Strikes = life.FailureOf(attempt.Generation) == StartFailure.Silent ? Without(life, attempt.Generation) : life.Strikes,
            };
    }

    private static Life Fail(Life life, Attempt attempt, StartFailure why)
    {
        var count = life.FailuresOf(attempt.Generation) + 1;
        var failed = life with
        {
            Attempt = attempt with { State = AttemptState.Failed },
            Strikes = [.. Without(life, attempt.Generation).TakeLast(MostStruck - 1), new Strikes(attempt.Generation, count, why)],
        };
        var fallsBack = count >= Life.MostFailures && Life.Same(attempt.Generation, life.Good) && !life.IsSettled && life.Kept.Count > 0;
        return fallsBack ? failed with { Good = life.Kept[0], Kept = [.. life.Kept.Skip(1)], IsSettled = true } : failed;
    }

    private static Attempt End(Attempt attempt, bool asked) =>
        attempt with { State = AttemptState.Ended, Ran = attempt.State == AttemptState.Watched && !asked ? attempt.Ran : TimeSpan.Zero };

    private static List<Strikes> Without(Life life, GenerationReference generation) => [.. life.Strikes.Where(s => !Life.Same(s.Generation, generation))];
}

/// <summary>What happens to a generation on this PC.</summary>
internal abstract record LifeEvent
{
    private LifeEvent()
    {
    }

    /// <summary>The desired state says how many older generations are kept.</summary>
    internal sealed record Keeps(int Generations) : LifeEvent;

    /// <summary>A machine is about to start from it.</summary>
    internal sealed record Started(GenerationReference Generation) : LifeEvent;

    /// <summary>The machine ran so much longer.</summary>
    internal sealed record Ran(TimeSpan By, TimeSpan Window) : LifeEvent;

    /// <summary>The first heartbeat of this start.</summary>
    internal sealed record Answered : LifeEvent;

    /// <summary>The window is over without a heartbeat, and the screen moves.</summary>
    internal sealed record LookedAlive : LifeEvent;

    internal sealed record Failed(StartFailure Why) : LifeEvent;

    /// <summary>The machine is gone.</summary>
    /// <param name="Asked">By the user, an administrator or the host; false when the guest or QEMU ended it.</param>
    internal sealed record Ended(bool Asked) : LifeEvent;

    /// <summary>An administrator's order.</summary>
    internal sealed record TryAgain : LifeEvent;
}

/// <summary>What <see cref="LifeRule.Judge"/> says.</summary>
internal enum StartVerdict
{
    /// <summary>Nothing to say yet, or any more.</summary>
    None,
    Silent,
    Panicked,
    Degraded,
}
