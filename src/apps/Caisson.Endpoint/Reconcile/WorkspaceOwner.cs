using Caisson.Endpoint.Shelf;
using Caisson.Machines;
using Caisson.Protocol;
using Caisson.Trust;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// The one owner of one workspace: its record on disk, its machine, and what was asked of it. Starts and stops run one at a time;
/// <see cref="Actual"/> is what the planner sees meanwhile. How a generation lives is <see cref="LifeRule"/>'s to say; this carries it out
/// (WorkspaceOwner.Life.cs).
/// </summary>
internal sealed partial class WorkspaceOwner : IAsyncDisposable
{
    /// <summary>How long a guest may take to shut down before its power goes.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(120);

    /// <summary>The same at the end of caissond, which service managers do not wait 120 s for.</summary>
    private static readonly TimeSpan LeavingGrace = TimeSpan.FromSeconds(45);

    /// <summary>A machine that lived shorter than this was a failed start.</summary>
    private static readonly TimeSpan ShortLife = TimeSpan.FromSeconds(60);

    /// <summary>A guest that says nothing by then holds nobody up any more.</summary>
    private static readonly TimeSpan LongestBoot = TimeSpan.FromMinutes(5);

    private readonly MachineHost host;
    private readonly Signal changed;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly Lock gate = new();
    private readonly Wishes wishes = new();
    private readonly StartPause pause;
    private readonly HeldMachine held;
    private readonly RecordKeeper keeper;
    private Task work = Task.CompletedTask;
    private bool busy;
    private bool heldStopped;
    private string? problem;

    public WorkspaceOwner(WorkspaceRecord record, MachineHost host, Signal changed, TimeProvider time, ILogger log)
    {
        this.host = host;
        this.changed = changed;
        this.time = time;
        this.log = log;
        keeper = new RecordKeeper(record, host.Save);
        pause = new StartPause(time);
        held = new HeldMachine(gate, changed, Hear);
        evidence = new EvidenceFolder(record, host.EvidenceOf(record.Id), time);
        start = new StartWatch(keeper, time);
        update = new UpdateWatch(keeper, time);
    }

    public WorkspaceRecord Record => keeper.Record;

    public WorkspaceId Id => Record.Id;

    public MachineStatus Status => held.Status;

    public Machine? Machine => held.Machine;

    public string? Problem
    {
        get
        {
            lock (gate)
            {
                return problem ?? held.Status.Problem;
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
                    Record = keeper.Record,
                    State = held.Status.State,
                    Busy = busy,
                    Wish = wishes.Current,
                    HeldStopped = heldStopped,
                    MayStart = pause.IsOver,
                };
            }
        }
    }

    /// <summary>True: a machine is starting from this generation, and its guest has not spoken yet, for a while at least.</summary>
    public bool IsStartingFrom(string manifestDigest) =>
        Record.Last?.ManifestDigest == manifestDigest && Reconciler.IsUp(Status.State) && Status.FirstHeartbeatAt is null
        && (Status.StartedAt is not { } started || time.GetUtcNow() - started < LongestBoot);

    /// <summary>Asks for a start, stop or restart; the result is null when done, else why not.</summary>
    public Task<string?> AskAsync(Wish asked)
    {
        Task<string?> answer;
        lock (gate)
        {
            pause.End();
            var up = Reconciler.IsUp(held.Status.State);
            heldStopped = asked is Wish.Stop or Wish.Suspend;
            if (!busy && asked == Wish.Suspend && !up)
            {
                return Task.FromResult(held.Status.State == WorkspaceState.Suspended ? null : "The workspace is not running, so there is nothing to suspend.");
            }

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
                held.Take(found);
            }
            else
            {
                held.Set(Down());
                keeper.Apply(new LifeEvent.Ended(Asked: true)); // The PC was switched off, or nobody was there to see: no verdict.
            }
        }
        catch (MachineException e)
        {
            Fail(e.Message);
        }
    }

    public void BeginStart(DesiredWorkspace desired, ShelvedImage image, bool afresh) => Begin(async () =>
    {
        if (Objection(desired, image.Generation) is { } objection)
        {
            Fail(objection);
            Settle(objection);
            return;
        }

        Log.Starting(log, Id.Value, image.Generation.ToString());
        await held.LetGoAsync();
        if (afresh)
        {
            host.DropSuspended(Id);
        }

        // Durable first: a personal workspace's base, the machine's identity and the trial of a generation are fixed by this.
        var record = keeper.Keep(r => r.StartedFrom(image.Generation) with { Name = desired.Name });
        held.Set(HeldMachine.Stopped with { State = WorkspaceState.Starting });
        try
        {
            held.Take(await host.StartAsync(desired, record.MachineId!.Value, image, CancellationToken.None));
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

    public void BeginSuspend() => Begin(async () =>
    {
        if (Machine is not { } running)
        {
            Settle("The workspace is not running, so there is nothing to suspend.");
            return;
        }

        Log.Suspending(log, Id.Value);
        try
        {
            await running.SuspendAsync(CancellationToken.None);
            keeper.Apply(new LifeEvent.Ended(Asked: true));
            await held.LetGoAsync();
            held.Set(Down());
            Settle(null);
        }
        catch (MachineException e)
        {
            Log.WorkspaceProblem(log, Id.Value, e.Message); // It runs on, and its own status says why.
            lock (gate)
            {
                heldStopped = false;
                wishes.End(e.Message, isUp: true);
            }
        }
    });

    public void BeginStop(string why) => Begin(() => StopNowAsync(why, StopMode.Shutdown, Grace));

    /// <summary>Answers a start that the rule does not allow.</summary>
    public void Decline(string why)
    {
        lock (gate)
        {
            wishes.Begin();
            wishes.End(why, Reconciler.IsUp(held.Status.State));
        }

        changed.Set();
    }

    /// <summary>Waits for what is under way, then stops; for the end of caissond.</summary>
    public async Task StopAsync(string why)
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (gate)
        {
            wishes.Begin();
        }

        await StopNowAsync(why, StopMode.Shutdown, LeavingGrace);
    }

    /// <summary>Lets go; a running machine runs on.</summary>
    public async ValueTask DisposeAsync()
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await held.DisposeAsync();
    }

    /// <summary>The last look before a machine starts, whatever the planner thought.</summary>
    private string? Objection(DesiredWorkspace desired, GenerationReference offered) => StartApproval.Decide(Record, desired, offered) switch
    {
        RunDecision.Denied denied => denied.Message,
        _ when Record.Life.IsRefused(offered) => $"{offered} failed on this PC twice and is not started again. Publish another generation, or order 'try again'.",
        _ => null,
    };

    private async Task StopNowAsync(string why, StopMode mode, TimeSpan grace)
    {
        if (Machine is not { } running || !Reconciler.IsUp(Status.State))
        {
            SettleStop();
            return;
        }

        Log.Stopping(log, Id.Value, why);
        try
        {
            await running.StopAsync(mode, grace, CancellationToken.None);
            keeper.Apply(new LifeEvent.Ended(Asked: true));
            await held.LetGoAsync();
            held.Set(HeldMachine.Stopped);
            SettleStop();
        }
        catch (MachineException e) when (e.Error == MachineError.NotShutDown)
        {
            Settle(e.Message);
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

    private void Hear(MachineStatus before, MachineStatus next)
    {
        if (next.State != before.State)
        {
            Log.StateChanged(log, Id.Value, next.State.ToString());
        }

        if (next.Notice is { } notice && notice != before.Notice)
        {
            Log.Notice(log, Id.Value, notice);
        }

        if (next is { FirstHeartbeatAt: { } first, StartedAt: { } started } && before.FirstHeartbeatAt is null)
        {
            lock (gate)
            {
                pause.Reset();
            }

            var fill = host.Fill(Record.Last);
            Log.FirstHeartbeat(log, Id.Value, (first - started).TotalSeconds, fill?.PresentBytes ?? 0, fill?.ImageBytes ?? 0);
        }

        // A guest that dies at once is started again later and later.
        if (!Reconciler.IsUp(next.State) && next.StartedAt is { } began && time.GetUtcNow() - began < ShortLife)
        {
            lock (gate)
            {
                if (pause.IsOver)
                {
                    pause.Begin();
                }
            }
        }
    }

    private void Fail(string why)
    {
        Log.WorkspaceProblem(log, Id.Value, why);
        lock (gate)
        {
            problem = why;
            held.Set(held.Status with { State = host.IsSuspended(Id) ? WorkspaceState.Suspended : WorkspaceState.Failed });
            pause.Begin();
        }

        changed.Set();
    }

    /// <summary>Nothing of it runs.</summary>
    private MachineStatus Down() => host.IsSuspended(Id) ? HeldMachine.Stopped with { State = WorkspaceState.Suspended } : HeldMachine.Stopped;

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
            wishes.End(why, Reconciler.IsUp(held.Status.State));
        }
    }
}
