using Caisson.Endpoint.Server;
using Caisson.Endpoint.Shelf;
using Caisson.Machines;
using Caisson.Protocol;
using Caisson.Trust;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// The one owner of one workspace: its record on disk, its machine, and what was asked of it. Starts and stops run one at a time;
/// <see cref="Actual"/> is what the planner sees meanwhile.
/// </summary>
internal sealed class WorkspaceOwner : IAsyncDisposable
{
    /// <summary>How long a guest may take to shut down before its power goes.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(120);

    /// <summary>The same at the end of caissond, which service managers do not wait 120 s for.</summary>
    private static readonly TimeSpan LeavingGrace = TimeSpan.FromSeconds(45);

    /// <summary>A machine that lived shorter than this was a failed start.</summary>
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(60);

    private static readonly MachineStatus Stopped = new() { State = WorkspaceState.Stopped };

    private readonly MachineHost host;
    private readonly Signal changed;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private readonly Backoff backoff = new();
    private readonly Wishes wishes = new();
    private WorkspaceRecord record;
    private Machine? machine;
    private MachineStatus status = Stopped;
    private Task work = Task.CompletedTask;
    private Task watch = Task.CompletedTask;
    private CancellationTokenSource watching = new();
    private bool busy;
    private bool heldStopped;
    private string? problem;
    private long pausedAt;
    private TimeSpan pause;

    public WorkspaceOwner(WorkspaceRecord record, MachineHost host, Signal changed, TimeProvider time, ILogger log)
    {
        this.record = record;
        this.host = host;
        this.changed = changed;
        this.time = time;
        this.log = log;
    }

    public WorkspaceRecord Record
    {
        get
        {
            lock (gate)
            {
                return record;
            }
        }
    }

    public WorkspaceId Id => Record.Id;

    public MachineStatus Status
    {
        get
        {
            lock (gate)
            {
                return status;
            }
        }
    }

    public string? Problem
    {
        get
        {
            lock (gate)
            {
                return problem ?? status.Problem;
            }
        }
    }

    public Machine? Machine
    {
        get
        {
            lock (gate)
            {
                return machine;
            }
        }
    }

    public ActualWorkspace Actual
    {
        get
        {
            lock (gate)
            {
                return new ActualWorkspace
                {
                    Record = record,
                    State = status.State,
                    Busy = busy,
                    Wish = wishes.Current,
                    HeldStopped = heldStopped,
                    MayStart = pause == TimeSpan.Zero || time.GetElapsedTime(pausedAt) >= pause,
                };
            }
        }
    }

    /// <summary>Asks for a start, stop or restart; the result is null when done, else why not.</summary>
    public Task<string?> AskAsync(Wish asked)
    {
        Task<string?> answer;
        lock (gate)
        {
            pause = TimeSpan.Zero;
            var up = Reconciler.IsUp(status.State);
            heldStopped = asked == Wish.Stop;
            if (!busy && ((asked == Wish.Start && up) || (asked == Wish.Stop && !up)))
            {
                wishes.Drop();
                return Task.FromResult<string?>(null);
            }

            answer = wishes.Ask(asked);
        }

        changed.Set();
        return answer;
    }

    /// <summary>Takes up a machine an earlier caissond left running.</summary>
    public async Task AdoptAsync(CancellationToken ct)
    {
        try
        {
            if (await host.AdoptAsync(Id, ct) is { } found)
            {
                Log.Adopted(log, Id.Value, found.Status.ProcessId);
                Take(found);
            }
        }
        catch (MachineException e)
        {
            Fail(e.Message);
        }
    }

    public void BeginStart(DesiredWorkspace desired, ShelvedImage image) => Begin(async () =>
    {
        if (StartApproval.Decide(Record, desired, image.Generation) is RunDecision.Denied denied)
        {
            Fail(denied.Message);
            Settle(denied.Message);
            return;
        }

        Log.Starting(log, Id.Value, image.Generation.ToString());
        await LetGoAsync();
        Remember(Record.StartedFrom(image.Generation) with { Name = desired.Name }); // Durable first: a personal workspace's base and the machine's identity are fixed by this.
        Set(Stopped with { State = WorkspaceState.Starting });
        try
        {
            Take(await host.StartAsync(desired, Record.MachineId!.Value, image, CancellationToken.None));
            Settle(null);
        }
        catch (MachineException e) when (e.Error == MachineError.AlreadyRunning)
        {
            await AdoptAsync(CancellationToken.None);
            Settle(null);
        }
        catch (Exception e) when (e is MachineException or IOException)
        {
            Fail(e.Message);
            Settle(e.Message);
        }
    });

    public void BeginStop(string why) => Begin(() => StopNowAsync(why, Grace));

    /// <summary>Waits for what is under way, then stops; for the end of caissond.</summary>
    public async Task StopAsync(string why)
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            wishes.Begin();
        }

        await StopNowAsync(why, LeavingGrace);
    }

    /// <summary>Lets go; a running machine runs on.</summary>
    public async ValueTask DisposeAsync()
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await LetGoAsync();
        watching.Dispose();
    }

    private async Task StopNowAsync(string why, TimeSpan grace)
    {
        if (Machine is not { } running || !Reconciler.IsUp(Status.State))
        {
            SettleStop();
            return;
        }

        Log.Stopping(log, Id.Value, why);
        try
        {
            await running.StopAsync(StopMode.Shutdown, grace, CancellationToken.None);
            await LetGoAsync();
            Set(Stopped);
            SettleStop();
        }
        catch (MachineException e)
        {
            Fail(e.Message);
            Settle(e.Message);
        }
    }

    private void Begin(Func<Task> step)
    {
        lock (gate)
        {
            if (busy)
            {
                return;
            }

            busy = true;
            wishes.Begin();
            work = RunAsync();
        }

        async Task RunAsync()
        {
            await Task.Yield();
            try
            {
                await step();
            }
            catch (Exception e)
            {
                // Nothing may leave a workspace busy for ever.
                Fail(e.Message);
                Settle(e.Message);
            }

            lock (gate)
            {
                busy = false;
            }

            changed.Set();
        }
    }

    private void Take(Machine taken)
    {
        lock (gate)
        {
            machine = taken;
            status = taken.Status;
            problem = null;
            watching.Dispose();
            watching = new CancellationTokenSource();
            watch = WatchAsync(taken, watching.Token);
        }

        changed.Set();
    }

    private async Task WatchAsync(Machine watched, CancellationToken ct)
    {
        try
        {
            await foreach (var next in watched.WatchAsync(ct))
            {
                var before = Status;
                Set(next);
                if (next.State != before.State)
                {
                    Log.StateChanged(log, Id.Value, next.State.ToString());
                }

                if (next is { FirstHeartbeatAt: { } first, StartedAt: { } started } && before.FirstHeartbeatAt is null)
                {
                    lock (gate)
                    {
                        backoff.Reset();
                    }

                    var fill = host.Fill(Record.Last);
                    Log.FirstHeartbeat(log, Id.Value, (first - started).TotalSeconds, fill?.PresentBytes ?? 0, fill?.ImageBytes ?? 0);
                }

                PauseAfterShortLife(next);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Let go.
        }
    }

    /// <summary>A guest that dies at once is started again later and later.</summary>
    private void PauseAfterShortLife(MachineStatus next)
    {
        if (!Reconciler.IsUp(next.State) && next.StartedAt is { } started && time.GetUtcNow() - started < ShortLife)
        {
            lock (gate)
            {
                if (pause == TimeSpan.Zero || time.GetElapsedTime(pausedAt) >= pause)
                {
                    pause = backoff.Next();
                    pausedAt = time.GetTimestamp();
                }
            }
        }
    }

    private async Task LetGoAsync()
    {
        Machine? old;
        Task watcher;
        lock (gate)
        {
            old = machine;
            machine = null;
            watcher = watch;
            watch = Task.CompletedTask;
        }

        await watching.CancelAsync();
        await watcher.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (old is not null)
        {
            await old.DisposeAsync();
        }
    }

    private void Remember(WorkspaceRecord next)
    {
        host.Save(next);
        lock (gate)
        {
            record = next;
        }
    }

    private void Set(MachineStatus next)
    {
        lock (gate)
        {
            status = next;
        }

        changed.Set();
    }

    private void Fail(string why)
    {
        Log.WorkspaceProblem(log, Id.Value, why);
        lock (gate)
        {
            problem = why;
            status = status with { State = WorkspaceState.Failed };
            pause = backoff.Next();
            pausedAt = time.GetTimestamp();
        }

        changed.Set();
    }

    private void SettleStop()
    {
        lock (gate)
        {
            problem = null;
            wishes.EndStop();
        }
    }

    private void Settle(string? why)
    {
        lock (gate)
        {
            problem = why;
            wishes.End(why, Reconciler.IsUp(status.State));
        }
    }
}
