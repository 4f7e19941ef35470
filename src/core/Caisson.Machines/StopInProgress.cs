using Caisson.Qmp;

namespace Caisson.Machines;

/// <summary>
/// A stop on its way: the power button (pressed again every 10 s, because a guest that still boots does not hear it), then QEMU's own
/// end, which closes the volumes cleanly, then SIGKILL. One that only asks is given up where the others go on to the end of QEMU.
/// </summary>
internal sealed class StopInProgress(StopMode mode, DateTimeOffset now, TimeSpan grace)
{
    private static readonly TimeSpan PressAgain = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan QuitLimit = TimeSpan.FromSeconds(5);

    private readonly List<MachineRequest> _waiting = [];
    private DateTimeOffset _graceEnds = mode is StopMode.Kill ? now : now + grace;
    private bool _onlyAsks = mode is StopMode.Ask;
    private bool _awoken;
    private bool _quit;

    /// <summary>The restart this stop is the first half of.</summary>
    public MachineRequest.Restart? Restart { get; set; }

    public DateTimeOffset Due { get; private set; } = now;

    public void Add(MachineRequest request) => _waiting.Add(request);

    /// <summary>A second stop waits for the same end, and may shorten the way there.</summary>
    public void Join(MachineRequest.Stop stop, DateTimeOffset moment)
    {
        _waiting.Add(stop);
        _onlyAsks &= stop.Mode is StopMode.Ask;

        // The last word counts: a stop asked during a restart leaves the machine stopped.
        Restart?.Answer.TrySetException(new MachineException(MachineError.Denied, "The restart was given up because a stop was asked meanwhile. Start the workspace again."));
        Restart = null;
        var ends = stop.Mode is StopMode.Kill ? moment : moment + stop.Grace;
        if (ends < _graceEnds && !_quit)
        {
            _graceEnds = ends;
            Due = moment;
        }
    }

    public bool GivesUp(DateTimeOffset moment) => _onlyAsks && moment >= _graceEnds;

    public void Complete()
    {
        foreach (var request in _waiting)
        {
            request.Answer.TrySetResult([]);
        }
    }

    public void Fail(MachineException reason)
    {
        Restart?.Answer.TrySetException(reason);
        foreach (var request in _waiting)
        {
            request.Answer.TrySetException(reason);
        }
    }

    public async Task NextStepAsync(MachineRun run, DateTimeOffset moment, TimeSpan commandLimit, TimeProvider time)
    {
        try
        {
            if (_quit)
            {
                run.Process.Kill();
                Due = DateTimeOffset.MaxValue;
            }
            else if (moment >= _graceEnds)
            {
                _quit = true;
                Due = moment + QuitLimit;
                await Monitor.CommandAsync(run.Qmp, QmpCommands.QuitAsync, QuitLimit, time, CancellationToken.None);
            }
            else
            {
                Due = moment + PressAgain < _graceEnds ? moment + PressAgain : _graceEnds;
                await PressAsync(run, commandLimit, time);
            }
        }
        catch (Exception e) when (e is QmpException or MachineException)
        {
            // Its time goes on running; the next step is the harder one.
        }
    }

    private async Task PressAsync(MachineRun run, TimeSpan commandLimit, TimeProvider time)
    {
        if (!_awoken)
        {
            // A paused guest cannot hear the button. On one held for its disk this changes nothing: it is held again.
            _awoken = true;
            await Monitor.CommandAsync(run.Qmp, QmpCommands.ContinueAsync, commandLimit, time, CancellationToken.None);
        }

        await Monitor.CommandAsync(run.Qmp, QmpCommands.SystemPowerdownAsync, commandLimit, time, CancellationToken.None);
    }
}
