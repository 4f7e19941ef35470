using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>The owner's other half: carries out what <see cref="LifeRule"/> and <see cref="UpdateRule"/> say of its machine.</summary>
internal sealed partial class WorkspaceOwner
{
    private readonly EvidenceFolder evidence;
    private readonly StartWatch start;
    private readonly UpdateWatch update;

    public EvidenceFolder Evidence => evidence;

    /// <summary>What is to be said of a waiting update; null when none waits.</summary>
    public UpdateStep? Update => update.Now;

    /// <summary>About once a second: takes note of what happened, and begins the step the rule asks for.</summary>
    /// <param name="next">The whole generation the next start would use; null when there is none.</param>
    /// <exception cref="IOException">A fact could not be written; nothing was done on it, and the next call tries again.</exception>
    public void Watch(DesiredWorkspace wanted, GenerationReference? next)
    {
        var record = Record;
        if (record.Kind == WorkspaceKind.Personal || wanted.Kind != record.Kind)
        {
            return;
        }

        keeper.Apply(new LifeEvent.Keeps(wanted.KeepGenerations ?? DesiredWorkspace.DefaultKeepGenerations));
        lock (gate)
        {
            if (busy)
            {
                return;
            }
        }

        var status = Status;
        var window = LifeRule.Window(wanted);
        var verdict = start.Step(status, Machine, SourceAnswers(record), window);
        if (verdict != StartVerdict.None)
        {
            BeginVerdict(verdict, window);
        }
        else if (!Reconciler.IsUp(status.State))
        {
            keeper.Apply(new LifeEvent.Ended(Asked: false));
            update.Step(null, null, null, null);
        }
        else if (Record.Life.Attempt?.State == AttemptState.Failed)
        {
            BeginStop("Its start has failed."); // A caissond that ended after the verdict left it running.
        }
        else if (update.Step(Life.Same(next, record.Last) ? null : next, StillWanted(wanted.Generation, record), Hours(wanted.UpdateWithinHours), Machine) is UpdateStep.Restart)
        {
            BeginUpdate();
        }
    }

    /// <summary>The person says "later".</summary>
    public void Defer()
    {
        update.Defer();
        changed.Set();
    }

    /// <summary>An administrator says that what failed here may be started again.</summary>
    public void TryAgain()
    {
        keeper.Apply(new LifeEvent.TryAgain());
        lock (gate)
        {
            pause.End();
            heldStopped = false;
        }

        changed.Set();
    }

    private static GenerationReference? StillWanted(GenerationReference wanted, WorkspaceRecord record) =>
        Life.Same(wanted, record.Last) || record.Life.IsRefused(wanted) ? null : wanted;

    private static TimeSpan? Hours(int? hours) => hours is { } limit ? TimeSpan.FromHours(limit) : null;

    /// <summary>False while bytes the guest may wait for do not come.</summary>
    private bool SourceAnswers(WorkspaceRecord record) => host.Fill(record.Last) is not { IsComplete: false, Problem: not null };

    /// <summary>What was seen is on the disk before the verdict, and the verdict before the machine is stopped: a crash in between repeats a step, and counts nothing twice.</summary>
    private void BeginVerdict(StartVerdict verdict, TimeSpan window) => Begin(async () =>
    {
        var generation = Record.Life.Attempt!.Generation;
        StartFailure? failure = verdict switch { StartVerdict.Panicked => StartFailure.Panicked, StartVerdict.Silent => StartFailure.Silent, _ => null };
        var text = LifeWords.Evidence(generation, failure, window);
        Log.StartJudged(log, Id.Value, text);
        try
        {
            await evidence.GatherAsync(generation, failure, text, Reconciler.IsUp(Status.State) ? Machine : null, host.PathsOf(Id));
        }
        catch (IOException e)
        {
            Log.NoEvidence(log, Id.Value, e.Message); // A full disk must not cost the verdict.
        }

        if (failure is not { } why)
        {
            keeper.Apply(new LifeEvent.LookedAlive());
            Settle(null);
            return;
        }

        keeper.Apply(new LifeEvent.Failed(why));
        await StopNowAsync(text, StopMode.Shutdown, Grace);
        keeper.Apply(new LifeEvent.Ended(Asked: true));
    });

    /// <summary>A restart that never powers off: a guest that does not shut down keeps what it has not saved.</summary>
    private void BeginUpdate()
    {
        lock (gate)
        {
            _ = wishes.Ask(Wish.Restart);
        }

        Begin(async () =>
        {
            await StopNowAsync("An update has waited to its end.", StopMode.Ask, Grace);
            if (Reconciler.IsUp(Status.State))
            {
                update.WasRefused();
            }
        });
    }
}
