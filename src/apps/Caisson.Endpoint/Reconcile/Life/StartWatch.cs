using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// Watches the start under way of one workspace: counts its running time, looks at its screen, and says when the rule has something to say.
/// Called about once a second by the one loop; it acts on nothing.
/// </summary>
internal sealed class StartWatch(RecordKeeper keeper, TimeProvider time)
{
    /// <summary>A longer gap between two calls was a PC that slept or a caissond that stood still; the guest did not run meanwhile, as far as anybody knows.</summary>
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(5);

    /// <summary>Running time a crash of caissond may cost.</summary>
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan ShortestLook = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookLimit = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private DateTimeOffset? startedAt;
    private long steppedAt = time.GetTimestamp();
    private TimeSpan unsaved;
    private long lookedAt;
    private ScreenMotion motion = ScreenMotion.None;
    private Task looking = Task.CompletedTask;

    /// <param name="sourceAnswers">False while reads of the image wait for bytes that do not come: then the guest stands still, whatever QEMU says.</param>
    /// <exception cref="IOException">A fact could not be written; it is tried again at the next call.</exception>
    public StartVerdict Step(MachineStatus status, Machine? machine, bool sourceAnswers, TimeSpan window)
    {
        var passed = time.GetElapsedTime(steppedAt);
        steppedAt = time.GetTimestamp();
        if (startedAt != status.StartedAt)
        {
            startedAt = status.StartedAt;
            lock (gate)
            {
                motion = ScreenMotion.None;
            }
        }

        var life = keeper.Life;
        if (life.Attempt is { State: AttemptState.Watched or AttemptState.Degraded } && status.FirstHeartbeatAt is not null)
        {
            life = keeper.Apply(new LifeEvent.Answered());
        }

        if (status.State == WorkspaceState.Running && sourceAnswers)
        {
            life = Count(passed < LongestStep ? passed : LongestStep, window);
            LookIfDue(life, machine, window);
        }

        lock (gate)
        {
            return LifeRule.Judge(life, status.Panics, motion, window);
        }
    }

    private Life Count(TimeSpan passed, TimeSpan window)
    {
        var before = keeper.Life;
        var life = keeper.Count(new LifeEvent.Ran(passed, window));
        unsaved += ReferenceEquals(before, life) ? TimeSpan.Zero : passed;
        if (unsaved >= SaveEvery)
        {
            unsaved = TimeSpan.Zero;
            keeper.Keep(r => r with { });
        }

        return life;
    }

    /// <summary>
    /// After the first quarter of the window, in which any boot draws something, some fifteen times. Not later: somebody who worked and went for
    /// coffee before the window ended has a living screen too.
    /// </summary>
    private void LookIfDue(Life life, Machine? machine, TimeSpan window)
    {
        var every = window / 20 > ShortestLook ? window / 20 : ShortestLook;
        if (machine is null || life.Attempt is not { State: AttemptState.Watched } attempt || attempt.Ran < window / 4
            || time.GetElapsedTime(lookedAt) < every || !looking.IsCompleted)
        {
            return;
        }

        lookedAt = time.GetTimestamp();
        looking = LookAsync(machine, status: startedAt);
    }

    private async Task LookAsync(Machine machine, DateTimeOffset? status)
    {
        var look = await TryLookAsync(machine, time);
        lock (gate)
        {
            motion = status == startedAt ? motion.With(look) : motion;
        }
    }

    /// <summary>Null when QEMU shows nothing.</summary>
    public static async Task<ScreenPrint?> TryLookAsync(Machine machine, TimeProvider time)
    {
        try
        {
            using var limit = new CancellationTokenSource(LookLimit, time);
            return await machine.LookAsync(limit.Token);
        }
        catch (Exception e) when (e is MachineException or IOException or OperationCanceledException)
        {
            return null;
        }
    }
}
