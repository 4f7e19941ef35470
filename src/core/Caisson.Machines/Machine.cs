using System.Runtime.CompilerServices;

namespace Caisson.Machines;

/// <summary>
/// A workspace's machine. Requests go into a bounded channel; one task (<see cref="MachineOwner"/>, where the state machine is drawn) takes
/// them out and is the only one that touches QEMU; a status comes back after each change.
/// <para>
/// Disposing lets go of the machine and leaves it running, as a restart of caissond does; <see cref="AdoptAsync"/> takes it up again.
/// A stopped or failed machine stays usable: <see cref="RestartAsync"/> starts it.
/// </para>
/// </summary>
public sealed class Machine : IAsyncDisposable
{
    private readonly MachineOwner _owner;
    private readonly Task _running;

    private Machine(MachineOwner owner)
    {
        _owner = owner;
        _running = owner.RunAsync();
    }

    public WorkspaceSpec Spec => _owner.Spec;

    public WorkspacePaths Paths => _owner.Paths;

    /// <summary>QEMU's VNC server: RFB without authentication, so the folder's mode (0700) is what guards it.</summary>
    public string VncSocketPath => Paths.VncSocket;

    public MachineStatus Status => _owner.Status.Current;

    /// <summary>Makes what is missing (folders, volumes, TPM), starts QEMU, and returns when its CPUs run.</summary>
    /// <exception cref="MachineException">It could not be started; nothing is left running.</exception>
    public static async Task<Machine> StartAsync(
        WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities, TimeProvider time, CancellationToken cancellation)
    {
        var machine = new Machine(new MachineOwner(spec, paths, capabilities, time));
        try
        {
            await machine._owner.AskAsync(new MachineRequest.Start(), cancellation);
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Takes up the machine that an earlier caissond left running, by its own record of pid, start time and executable. When it has ended
    /// meanwhile, what its stop left undone (volumes to drop) is done and null is returned.
    /// </summary>
    public static async Task<Machine?> AdoptAsync(WorkspacePaths paths, QemuCapabilities capabilities, TimeProvider time, CancellationToken cancellation)
    {
        if (MachineRecord.Load(paths) is not { } record)
        {
            return null;
        }

        var owner = new MachineOwner(record.Spec, paths, capabilities, time);
        if (IsSuspended(paths))
        {
            // Killed between the last byte and QEMU's end, or while its memory was being loaded: what is on the disk counts, not the process.
            await owner.EndLeftoverAsync();
            return null;
        }

        if (!await owner.AdoptAsync(record, cancellation))
        {
            Volumes.DropAtStop(record.Spec.Kind, paths);
            return null;
        }

        return new Machine(owner);
    }

    /// <summary>The present status, then every change; a slow reader skips to the latest.</summary>
    public async IAsyncEnumerable<MachineStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var status in _owner.Status.WatchAsync(cancellation))
        {
            yield return status;
        }
    }

    /// <summary>Returns when the machine has stopped. A machine that is stopped already is left so.</summary>
    /// <param name="mode">Whether the guest is asked first.</param>
    /// <param name="grace">How long the guest may take before the power goes.</param>
    /// <param name="cancellation">Ends the waiting, not the stop.</param>
    public Task StopAsync(StopMode mode, TimeSpan grace, CancellationToken cancellation) =>
        _owner.AskAsync(new MachineRequest.Stop(mode, grace), cancellation);

    /// <summary>Stops if needed, then starts, with <paramref name="next"/> as the spec from then on where it is given.</summary>
    public Task RestartAsync(StopMode mode, TimeSpan grace, WorkspaceSpec? next, CancellationToken cancellation) =>
        _owner.AskAsync(new MachineRequest.Restart(mode, grace, next), cancellation);

    /// <summary>False where nothing keeps a machine to its limits: this PC has no systemd that could.</summary>
    public static bool HoldsLimits => DetachedProcess.HoldsLimits;

    /// <summary>Its memory lies on the disk; the next start goes on from there.</summary>
    public static bool IsSuspended(WorkspacePaths paths) => Suspension.Load(paths) is not null;

    /// <summary>Gives up what was suspended, so that the next start is an ordinary one.</summary>
    /// <exception cref="IOException">It may still be suspended.</exception>
    public static void DropSuspended(WorkspacePaths paths) => Suspension.Drop(paths);

    /// <summary>Returns when the machine's memory is on the disk and QEMU has ended.</summary>
    /// <exception cref="MachineException">It could not be; the machine runs on.</exception>
    public Task SuspendAsync(CancellationToken cancellation) => _owner.AskAsync(new MachineRequest.Suspend(), cancellation);

    /// <summary>The first screen as PNG. The caller decides whether this workspace's screen may be seen at all.</summary>
    public Task<byte[]> ScreenshotAsync(CancellationToken cancellation) => _owner.AskAsync(new MachineRequest.Screenshot(), cancellation);

    /// <summary>What the screen looks like, only to be held against another look: no picture leaves the driver.</summary>
    /// <exception cref="MachineException">It is a personal workspace's, or QEMU gave no picture.</exception>
    public async Task<ScreenPrint> LookAsync(CancellationToken cancellation) =>
        ScreenPrint.FromPpm(await _owner.AskAsync(new MachineRequest.Look(), cancellation))
            ?? throw new MachineException(MachineError.CommandFailed, $"QEMU's picture of the screen of workspace {Spec.Id} could not be read. Try again.");

    /// <summary>Moves the running machine's os disk onto another base with the same bytes, without the guest noticing: from NBD to the complete raw file.</summary>
    /// <exception cref="MachineException">QEMU refused; the machine runs on over the base it had.</exception>
    public Task MoveOsDiskAsync(OsBase to, CancellationToken cancellation) =>
        _owner.AskAsync(new MachineRequest.MoveOsDisk(to), cancellation);

    public async ValueTask DisposeAsync()
    {
        await _owner.CloseAsync();
        await _running;
        _owner.Dispose();
    }
}
