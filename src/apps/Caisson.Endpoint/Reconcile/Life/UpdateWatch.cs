using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>Keeps what waits for a restart of one workspace, and how long its screen has stood still near the end. Called by the one loop.</summary>
internal sealed class UpdateWatch(RecordKeeper keeper, TimeProvider time)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private ScreenPrint? last;
    private long stillSince = time.GetTimestamp();
    private long lookedAt;
    private Task looking = Task.CompletedTask;

    /// <summary>What <see cref="UpdateRule"/> said last; null when nothing waits.</summary>
    public UpdateStep? Now { get; private set; }

    /// <param name="waiting">The whole generation that the next start would use and the running machine does not; null when there is none.</param>
    /// <param name="wanted">What is desired and not refused: a wait for it goes on while its image is not open yet, as after a restart of caissond.</param>
    /// <param name="within">The deadline of the assignment.</param>
    /// <exception cref="IOException">A fact could not be written; it is tried again at the next call.</exception>
    public UpdateStep? Step(GenerationReference? waiting, GenerationReference? wanted, TimeSpan? within, Machine? machine)
    {
        var now = time.GetUtcNow();
        var wait = keeper.Keep(r => r with { Update = Next(r.Update, waiting, wanted, now) } is var next && next.Update == r.Update ? r : next).Update;
        if (wait is null)
        {
            return Now = null;
        }

        var step = UpdateRule.Decide(wait, within, now, IdleFor());
        if (step is UpdateStep.Warn)
        {
            if (wait.WarnedAt is null)
            {
                stillSince = time.GetTimestamp();
                keeper.Keep(r => r with { Update = wait with { WarnedAt = now } });
            }

            LookIfDue(machine);
        }

        return Now = step;
    }

    /// <summary>"Later": until the end of the deferral, or of the deadline if that is sooner.</summary>
    public void Defer() => keeper.Keep(r => r.Update is { } wait ? r with { Update = wait with { DeferredUntil = time.GetUtcNow() + UpdateRule.Deferral } } : r);

    /// <summary>The guest was asked to shut down for it, and did not.</summary>
    public void WasRefused() => keeper.Keep(r => r.Update is { } wait ? r with { Update = wait with { AskedAt = time.GetUtcNow() } } : r);

    private static UpdateWait? Next(UpdateWait? wait, GenerationReference? waiting, GenerationReference? wanted, DateTimeOffset now) => waiting switch
    {
        null => wait is not null && Life.Same(wait.Generation, wanted) ? wait : null,
        _ when wait is null => new UpdateWait(waiting, now),
        _ when Life.Same(wait.Generation, waiting) => wait,
        _ => wait with { Generation = waiting },
    };

    private TimeSpan IdleFor()
    {
        lock (gate)
        {
            return last is null ? TimeSpan.Zero : time.GetElapsedTime(stillSince);
        }
    }

    private void LookIfDue(Machine? machine)
    {
        if (machine is not null && looking.IsCompleted && time.GetElapsedTime(lookedAt) >= LookEvery)
        {
            lookedAt = time.GetTimestamp();
            looking = LookAsync(machine);
        }
    }

    private async Task LookAsync(Machine machine)
    {
        var look = await StartWatch.TryLookAsync(machine, time);
        lock (gate)
        {
            if (look is null || last is null || ScreenMotion.Moved(last, look) || look.Width != last.Width)
            {
                stillSince = time.GetTimestamp();
            }

            last = look;
        }
    }
}
