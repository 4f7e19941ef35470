using System.Globalization;
using Caisson.Protocol;
using Caisson.Qmp;

namespace Caisson.Machines;

/// <summary>
/// The owner's third part: memory to disk and back. The processors are stopped, QEMU writes, everything is made durable, the record appears,
/// QEMU is killed. Whatever fails before the record is there ends with the guest running on; after it the workspace is suspended, whoever dies.
/// </summary>
internal sealed partial class MachineOwner
{
    private static readonly TimeSpan GiveUpPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan GiveUpLimit = TimeSpan.FromSeconds(10);

    /// <summary>Free bytes below which a failed write is put down to a full disk: QEMU names no reason.</summary>
    private const long AlmostFull = 32 << 20;

    private SuspendInProgress? _suspend;

    private async Task BeginSuspendAsync(MachineRequest request)
    {
        if (SuspensionRule.Objection(Spec) is { } objection)
        {
            throw new MachineException(MachineError.Denied, objection);
        }

        Suspension.Drop(Paths);
        HoldStill(true); // Durable before the processors stop: whoever finds the machine so knows why.
        Publish(Status.Current with { State = WorkspaceState.Suspending, Problem = null });
        _suspend = new SuspendInProgress(request, _time.GetUtcNow());
        try
        {
            await CommandAsync(QmpCommands.StopAsync);
            await CommandAsync((qmp, cancellation) => MemoryFile.BeginWriteAsync(qmp, Suspension.Unfinished(Paths), _capabilities, cancellation));
        }
        catch (Exception e) when (e is QmpException { Class: QmpErrorClass.Refused } or MachineException or IOException or UnauthorizedAccessException)
        {
            await GiveUpSuspendAsync(e.Message);
        }
    }

    private async Task StepSuspendAsync(SuspendInProgress suspend, DateTimeOffset now)
    {
        try
        {
            var progress = await QueryMigrateAsync(_run!);
            if (progress.IsUnderWay && !suspend.TakesTooLong(now))
            {
                suspend.AskAgain(now);
            }
            else if (progress.IsComplete)
            {
                await CommitSuspendAsync(suspend);
            }
            else
            {
                await GiveUpSuspendAsync(progress.IsUnderWay ? "the disk is too slow." : WhyNotWritten(progress));
            }
        }
        catch (MachineException)
        {
            suspend.AskAgain(now); // No answer for a while; the limit ends it.
        }
        catch (QmpException)
        {
            suspend.Committed(); // The monitor broke: Ended follows and answers.
        }
    }

    private async Task CommitSuspendAsync(SuspendInProgress suspend)
    {
        try
        {
            new Suspension { Spec = Spec, Machine = SuspensionRule.MachineOf(Spec, Paths, _capabilities), At = _time.GetUtcNow() }.Commit(Paths);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException && Suspension.Load(Paths) is null)
        {
            await GiveUpSuspendAsync(e.Message);
            return;
        }
        catch (IOException)
        {
            // The record is there and whole, only not surely for long; without it the next start is an ordinary one, as after a pulled plug.
        }

        // Its disks are closed and durable, and what it holds is on the disk.
        suspend.Committed();
        _run!.Process.Kill();
    }

    public Task EndLeftoverAsync() => _launch.EndAsync();

    /// <summary>The guest runs on, and everybody is told why.</summary>
    private async Task GiveUpSuspendAsync(string why)
    {
        var suspend = _suspend;
        _suspend = null;
        var problem = $"{Spec.Name} could not be suspended and runs on: {why}";
        try
        {
            await GoOnAsync(_run!);
            Publish(Status.Current with { State = WorkspaceState.Running, Problem = problem });
        }
        catch (IOException)
        {
            // What was saved could not be taken away, so the guest may not run on: it is suspended, or as after a pulled plug.
            Publish(Status.Current with { Problem = problem });
            _run!.Process.Kill();
        }
        catch (Exception e) when (e is QmpException or MachineException)
        {
            Publish(Status.Current with { State = WorkspaceState.Paused, Problem = $"{problem} QEMU does not let it go on either: {e.Message}" });
        }

        suspend?.Fail(new MachineException(MachineError.CommandFailed, problem));
    }

    /// <summary>Ends a save that may be under way, frees what it wrote, and lets the guest run.</summary>
    private async Task GoOnAsync(MachineRun run)
    {
        await Monitor.CommandAsync(run.Qmp, QmpCommands.MigrateCancelAsync, CommandLimit, _time, _closing.Token);
        var started = _time.GetTimestamp();
        while ((await QueryMigrateAsync(run)).IsUnderWay && _time.GetElapsedTime(started) < GiveUpLimit)
        {
            await Task.Delay(GiveUpPause, _time, _closing.Token);
        }

        // The record first: if it could not go, the guest must not run, for its disks would become newer than its memory.
        Suspension.Drop(Paths);
        await Monitor.CommandAsync(run.Qmp, QmpCommands.ContinueAsync, CommandLimit, _time, _closing.Token);
        TryRelease();
    }

    private void TryRelease()
    {
        try
        {
            HoldStill(false);
        }
        catch (IOException)
        {
            // An adopter then lets it go on once more, which changes nothing.
        }
    }

    /// <summary>QEMU has ended and what it held is on the disk: as asked, or because its memory could not be loaded again.</summary>
    private void TakeSuspended()
    {
        Publish(Status.Current with { State = WorkspaceState.Suspended, ProcessId = null });
        _suspend?.Complete();
        _suspend = null;
        _stop?.Complete();
        _stop = null;
    }

    /// <exception cref="IOException">It could not be written.</exception>
    private void HoldStill(bool isHeld)
    {
        if (_record is not null)
        {
            _record = _record with { IsHeldStill = isHeld };
            _record.Save(Paths);
        }
    }

    private async Task<MigrationProgress> QueryMigrateAsync(MachineRun run)
    {
        var progress = new MigrationProgress("none", null);
        await Monitor.CommandAsync(run.Qmp, async (qmp, cancellation) => progress = await qmp.QueryMigrateAsync(cancellation), CommandLimit, _time, _closing.Token);
        return progress;
    }

    private string WhyNotWritten(MigrationProgress progress)
    {
        var free = new DriveInfo(Paths.StateDirectory).AvailableFreeSpace;
        return free < AlmostFull
            ? $"the PC's disk is full. Free up to {(Spec.MemoryMiB / 1024.0).ToString("0.0", CultureInfo.InvariantCulture)} GB and suspend it again."
            : $"its memory could not be written ({progress.Error ?? progress.Status}).";
    }

    /// <summary>
    /// From memory on disk to a machine that stands still with it, or null when an ordinary start is due; then what was saved is gone and the notice
    /// says why.
    /// </summary>
    private (Suspension? Saved, string? Notice) TakeSuspension()
    {
        if (Suspension.Load(Paths) is not { } saved)
        {
            Suspension.Drop(Paths);
            return (null, null);
        }

        switch (SuspensionRule.Decide(saved, Spec, spec => SuspensionRule.MachineOf(spec, Paths, _capabilities)))
        {
            case ResumeDecision.Resume(var spec):
                Spec = spec;
                saved = saved with { Attempts = saved.Attempts + 1 };
                saved.Save(Paths);
                return (saved, null);
            case ResumeDecision.StartAfresh(var why):
                Suspension.Drop(Paths);
                return (null, why);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }
}
