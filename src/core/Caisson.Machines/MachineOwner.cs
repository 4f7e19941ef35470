using System.Globalization;
using System.Threading.Channels;
using Caisson.Protocol;
using Caisson.Qmp;

namespace Caisson.Machines;

/// <summary>
/// The one task that owns a machine. It takes what happened (monitor events, heartbeats, the end of QEMU) before what is asked.
/// <code>
///                 start                 CPUs run                 STOP
///   Stopped ────────────────► Starting ──────────► Running ◄──────────────► Paused
///   Failed  ────────────────►    │                  │ ▲        RESUME          │
///      ▲                         │ did not start    │ │                        │
///      ├─────────────────────────┘       disk error │ │ source back, 0.5 s     │
///      │                                            ▼ │ without an error       │
///      │◄── third panic, QEMU ended unasked ── WaitingForDisk                  │
///      │                                            │                          │
///      │              stop, restart                 ▼                          │
///   Stopped ◄── QEMU ended ── Stopping ◄────────────┴──────────────────────────┘
///               (restart: then Starting)
///
///                    suspend                    memory on disk, QEMU ended
///   Running ──────────────────────► Suspending ──────────────────────────► Suspended
///      ▲     could not be written │                                            │
///      └──────────────────────────┘        start: loads it; its record is gone │
///   Starting ◄─────────────────────────────────────────────────────────────────┘ before the CPUs run
/// </code>
/// STOP and RESUME are QEMU's own words, whoever asked it. A guest that panics is reset, twice; a guest that powers itself off leaves the machine Stopped.
/// </summary>
internal sealed partial class MachineOwner : IDisposable
{
    private const int MostPanics = 3;
    private const int MostEventsInARow = 64;
    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HousekeepingPeriod = TimeSpan.FromSeconds(10);

    private readonly QemuCapabilities _capabilities;
    private readonly TimeProvider _time;
    private readonly Launch _launch;
    private readonly CancellationTokenSource _closing = new();

    // Writers wait when it is full, so a flood from below slows its source and drops nothing.
    private readonly Channel<MachineEvent> _events = Channel.CreateBounded<MachineEvent>(256);
    private readonly Channel<MachineRequest> _requests = Channel.CreateBounded<MachineRequest>(16);

    private MachineRun? _run;
    private MachineRecord? _record;
    private StopInProgress? _stop;
    private DiskHold? _hold;
    private bool _sawShutdown;
    private bool _resetting;
    private DateTimeOffset _housekeeping;

    public MachineOwner(WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities, TimeProvider time)
    {
        Spec = spec;
        Paths = paths;
        _capabilities = capabilities;
        _time = time;
        _launch = new Launch(paths, capabilities, _events.Writer, time);
        _housekeeping = time.GetUtcNow() + HousekeepingPeriod;
    }

    public WorkspaceSpec Spec { get; private set; }

    public WorkspacePaths Paths { get; }

    public StatusBoard Status { get; } = new(new MachineStatus { State = WorkspaceState.Stopped });

    public async Task<byte[]> AskAsync(MachineRequest request, CancellationToken cancellation)
    {
        try
        {
            await _requests.Writer.WriteAsync(request, cancellation);
        }
        catch (ChannelClosedException)
        {
            throw LetGo();
        }

        return await request.Answer.Task.WaitAsync(cancellation);
    }

    /// <summary>Before <see cref="RunAsync"/>: takes up a running machine. False when there is none.</summary>
    public async Task<bool> AdoptAsync(MachineRecord record, CancellationToken cancellation)
    {
        _run = await _launch.AdoptAsync(cancellation);
        if (_run is null)
        {
            return false;
        }

        _record = record;
        Publish(Status.Current with
        {
            State = WorkspaceState.Starting,
            StartedAt = record.StartedAt,
            FirstHeartbeatAt = record.FirstHeartbeatAt,
            Panics = record.Panics,
            ProcessId = _run.Process.Pid,
        });
        try
        {
            if (record.IsHeldStill)
            {
                await GoOnAsync(_run);
            }

            await TakeRunStateAsync();
        }
        catch (Exception e) when (e is QmpException or MachineException)
        {
            // It ended this moment: the Ended event follows and says so. Or it does not answer, and is asked again with the next event.
        }

        return true;
    }

    public async Task RunAsync()
    {
        try
        {
            await LoopAsync();
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // Let go by the owner of this object.
        }
        catch (Exception e)
        {
            Publish(Status.Current with { State = WorkspaceState.Failed, Problem = $"The driver of workspace {Spec.Id} broke: {e.Message} Restart caissond; the machine itself may run on." });
        }

        _requests.Writer.TryComplete();
        while (_requests.Reader.TryRead(out var request))
        {
            request.Answer.TrySetException(LetGo());
        }

        _stop?.Fail(LetGo());
        _suspend?.Fail(LetGo());
        if (_run is not null)
        {
            await _run.DisposeAsync();
        }

        Status.Close();
    }

    public Task CloseAsync() => _closing.CancelAsync();

    public void Dispose() => _closing.Dispose();

    private async Task LoopAsync()
    {
        Task<bool>? events = null;
        Task<bool>? requests = null;
        var inARow = 0;
        while (true)
        {
            _closing.Token.ThrowIfCancellationRequested();
            await DoWhatIsDueAsync();
            if (inARow < MostEventsInARow && _events.Reader.TryRead(out var happened))
            {
                inARow++;
                await TakeEventAsync(happened);
                continue;
            }

            inARow = 0;
            if (_requests.Reader.TryRead(out var request))
            {
                await TakeRequestAsync(request);
                continue;
            }

            // A wait that has not completed is kept for the next round: each new one would stay queued in the channel.
            events = events is { IsCompleted: false } ? events : _events.Reader.WaitToReadAsync(_closing.Token).AsTask();
            requests = requests is { IsCompleted: false } ? requests : _requests.Reader.WaitToReadAsync(_closing.Token).AsTask();
            await WaitAsync(events, requests);
        }
    }

    private async Task WaitAsync(Task events, Task requests)
    {
        var due = new[] { _housekeeping, _stop?.Due ?? DateTimeOffset.MaxValue, _hold?.Due ?? DateTimeOffset.MaxValue, _suspend?.Due ?? DateTimeOffset.MaxValue }.Min();
        var pause = due - _time.GetUtcNow();
        using var woken = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        var timer = Task.Delay(pause > TimeSpan.Zero ? pause : TimeSpan.Zero, _time, woken.Token);
        await Task.WhenAny(events, requests, timer);
        await woken.CancelAsync();
    }

    // ---- what happens ----

    private async Task TakeEventAsync(MachineEvent happened)
    {
        if (happened.Run != _run)
        {
            return;
        }

        try
        {
            switch (happened)
            {
                case MachineEvent.Heartbeat heartbeat:
                    TakeHeartbeat(heartbeat.Message);
                    break;
                case MachineEvent.Monitor monitor:
                    await TakeMonitorEventAsync(monitor.Event);
                    break;
                case MachineEvent.Ended:
                    await TakeEndAsync();
                    break;
            }
        }
        catch (QmpException e) when (e.Class is not QmpErrorClass.Refused)
        {
            // The monitor broke: Ended follows.
        }
        catch (Exception e) when (e is QmpException or MachineException or IOException or UnauthorizedAccessException)
        {
            // Whatever failed on one event, the machine is still owned: a driver that gave up would leave it to nobody.
            Publish(Status.Current with { Problem = $"Workspace {Spec.Id}: {e.Message}" });
        }
    }

    private void TakeHeartbeat(GuestMessage message)
    {
        var now = _time.GetUtcNow();
        var bootId = message.BootId.ToString();
        if (Status.Current.FirstHeartbeatAt is null && _record is not null)
        {
            _record = _record with { FirstHeartbeatAt = now };
            SaveRecord();
        }

        Publish(Status.Current with
        {
            FirstHeartbeatAt = Status.Current.FirstHeartbeatAt ?? now,
            LastHeartbeatAt = now,
            BootId = message.BootId,
            GuestFacts = message.Facts.SetItem("boot-id", bootId),
        });
    }

    private async Task TakeMonitorEventAsync(QmpEvent happened)
    {
        switch (happened.Name)
        {
            case "SHUTDOWN":
                _sawShutdown = true;
                break;
            case "BLOCK_IO_ERROR" when happened.Text("action") == "stop":
                Hold(DescribeDiskError(happened));
                break;
            case "STOP" when _hold is null && !_resetting && Status.Current is { State: WorkspaceState.Running, Panics: < MostPanics }:
                await TakeRunStateAsync();
                break;
            case "RESUME" when Status.Current.State is WorkspaceState.Paused or WorkspaceState.Starting:
                Publish(Status.Current with { State = WorkspaceState.Running });
                break;
            case "GUEST_PANICKED" when happened.Text("action") == "pause":
                await TakePanicAsync();
                break;
            case "RESET" when _resetting:
                _resetting = false;
                await CommandAsync(QmpCommands.ContinueAsync);
                break;
        }
    }

    private async Task TakePanicAsync()
    {
        var panics = Status.Current.Panics + 1;
        _record = _record is null ? null : _record with { Panics = panics };
        SaveRecord();
        if (panics < MostPanics)
        {
            Publish(Status.Current with { Panics = panics });
        }
        else
        {
            await KeepLastScreenAsync();
            Publish(Status.Current with
            {
                Panics = panics,
                Problem = $"The guest's kernel panicked {panics.ToString(CultureInfo.InvariantCulture)} times since this start. Its serial log is '{Paths.SerialLog}'.",
            });
            _run!.Process.Kill();
            return;
        }

        _resetting = true;
        await CommandAsync(QmpCommands.SystemResetAsync);
    }

    /// <summary>QEMU's own word on why its CPUs stand still, or that they run.</summary>
    private async Task TakeRunStateAsync()
    {
        switch (await QueryAsync())
        {
            case "running":
                Publish(Status.Current with { State = WorkspaceState.Running });
                break;
            case "prelaunch":
                await CommandAsync(QmpCommands.ContinueAsync);
                Publish(Status.Current with { State = WorkspaceState.Running });
                break;
            case "io-error":
                Hold("A disk could not be read or written before this caissond was there. The machine is held and goes on by itself.");
                break;
            case "guest-panicked":
                await TakePanicAsync();
                break;
            case "internal-error":
                Publish(Status.Current with { Problem = "QEMU met an internal error of the accelerator and cannot go on. Its log is '" + Paths.ProcessLog + "'." });
                _run!.Process.Kill();
                break;
            default:
                Publish(Status.Current with { State = WorkspaceState.Paused });
                break;
        }
    }

    private void Hold(string problem)
    {
        if (_hold is null)
        {
            _hold = new DiskHold(_time);
        }
        else
        {
            _hold.FailedAgain();
        }

        Publish(Status.Current with { State = _stop is null ? WorkspaceState.WaitingForDisk : WorkspaceState.Stopping, Problem = problem });
    }

    private static string DescribeDiskError(QmpEvent happened)
    {
        var disk = happened.Text("node-name") ?? happened.Text("device") ?? "?";
        return happened.Flag("nospace")
            ? $"The host's disk is full: '{disk}' could not be written. The machine is held; free space and it goes on by itself."
            : $"The disk '{disk}' could not be {(happened.Text("operation") == "write" ? "written" : "read")} ({happened.Text("reason") ?? "no reason given"}). "
                + "The machine is held and goes on by itself when the source is back.";
    }

    private async Task TakeEndAsync()
    {
        await _run!.DisposeAsync();
        _run = null;
        _hold = null;
        _resetting = false;
        if (_capabilities.Swtpm is { } swtpm && Spec.Tpm)
        {
            // It ends with QEMU's connection; its folder may be dropped or used again only after that.
            await TpmProcess.StopAsync(Paths, swtpm, _time, _closing.Token);
        }

        if (Suspension.Load(Paths) is not null)
        {
            TakeSuspended();
            return;
        }

        try
        {
            Volumes.DropAtStop(Spec.Kind, Paths);
        }
        catch (IOException)
        {
            // The next start drops them: DropsAtStart covers whatever a stop should have dropped.
        }

        var asked = _stop is not null || _sawShutdown;
        Publish(Status.Current with
        {
            State = asked ? WorkspaceState.Stopped : WorkspaceState.Failed,
            ProcessId = null,
            Problem = asked ? null : Status.Current.Problem ?? $"QEMU ended unasked. It said: {Launch.LastLogLine(Paths)}",
        });
        _suspend?.Fail(new MachineException(MachineError.CommandFailed, Status.Current.Problem ?? "QEMU ended while it was being suspended."));
        _suspend = null;
        var stop = _stop;
        _stop = null;
        if (stop is not null)
        {
            await FinishStopAsync(stop);
        }
    }

    private async Task FinishStopAsync(StopInProgress stop)
    {
        if (stop.Restart is not { } restart)
        {
            stop.Complete();
            return;
        }

        Spec = restart.Next ?? Spec;
        await LaunchAsync(restart);
        stop.Complete();
    }

    // ---- what is due ----

    private async Task DoWhatIsDueAsync()
    {
        var now = _time.GetUtcNow();
        if (_hold is { } hold && hold.Due <= now)
        {
            await TryToContinueAsync(hold);
        }

        if (_stop is { } stop && stop.Due <= now && _run is { } run)
        {
            if (stop.GivesUp(now))
            {
                GiveUpStop(stop);
            }
            else
            {
                await stop.NextStepAsync(run, now, CommandLimit, _time);
            }
        }

        if (_suspend is { } suspend && suspend.Due <= now && _run is not null)
        {
            await StepSuspendAsync(suspend, now);
        }

        if (_housekeeping <= now)
        {
            _housekeeping = now + HousekeepingPeriod;
            BoundSerialLog();
        }
    }

    private void BoundSerialLog()
    {
        try
        {
            SerialLog.Bound(Paths);
        }
        catch (IOException)
        {
            // A full disk; tried again at the next round.
        }
    }

    private async Task TryToContinueAsync(DiskHold hold)
    {
        if (hold.HasSettled)
        {
            _hold = null;
            Publish(Status.Current with { State = _stop is null ? WorkspaceState.Running : WorkspaceState.Stopping, Problem = null });
            return;
        }

        if (!await DiskHold.IsSourceBackAsync(Spec.OsBase, _closing.Token))
        {
            hold.SourceStillAway();
            return;
        }

        // Before the command: its RESUME, or the next error, may be here before its answer.
        hold.Continued();
        try
        {
            await CommandAsync(QmpCommands.ContinueAsync);
        }
        catch (Exception e) when (e is MachineException or QmpException)
        {
            hold.FailedAgain();
        }
    }

    private Task CommandAsync(Func<QmpClient, CancellationToken, Task> command) =>
        Monitor.CommandAsync(_run!.Qmp, command, CommandLimit, _time, _closing.Token);

    private async Task<string> QueryAsync()
    {
        var state = "";
        await CommandAsync(async (qmp, cancellation) => state = await qmp.QueryStatusAsync(cancellation));
        return state;
    }

    private void Publish(MachineStatus status) => Status.Publish(status);

    private MachineException LetGo() => new(MachineError.Denied, $"The driver of workspace {Spec.Id} was closed; the machine runs on and can be adopted.");
}
