using System.Threading.Channels;
using Caisson.Qmp;

namespace Caisson.Machines;

/// <summary>One running QEMU as the owner holds it: who the process is, the monitor, and the two readers that feed the owner's events.</summary>
internal sealed class MachineRun : IAsyncDisposable
{
    // Only what the owner acts on: a guest can cause others in any number.
    private static readonly HashSet<string> Heeded =
        new(["STOP", "RESUME", "SHUTDOWN", "RESET", "BLOCK_IO_ERROR", "GUEST_PANICKED"], StringComparer.Ordinal);

    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(10);

    private readonly ChannelWriter<MachineEvent> _events;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _letGo = new();
    private readonly Task _monitor;
    private readonly Task _guest;

    public MachineRun(ProcessIdentity process, QmpClient qmp, WorkspacePaths paths, ChannelWriter<MachineEvent> events, TimeProvider time)
    {
        Process = process;
        Qmp = qmp;
        _events = events;
        _time = time;
        _monitor = FollowMonitorAsync();
        _guest = ListenToGuestAsync(paths);
    }

    public ProcessIdentity Process { get; }

    public QmpClient Qmp { get; }

    /// <summary>Lets go of the machine; it runs on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _letGo.CancelAsync();
        await Qmp.DisposeAsync();
        await Task.WhenAll(_monitor, _guest);
        _letGo.Dispose();
    }

    private async Task FollowMonitorAsync()
    {
        try
        {
            await foreach (var happened in Qmp.Events(_letGo.Token))
            {
                if (Heeded.Contains(happened.Name))
                {
                    await _events.WriteAsync(new MachineEvent.Monitor(this, happened), _letGo.Token);
                }
            }

            // The monitor is gone. A QEMU that stays without one cannot be driven any more, so it must go too.
            if (!await Process.WaitForEndAsync(ExitLimit, _time, _letGo.Token))
            {
                Process.Kill();
                await Process.WaitForEndAsync(ExitLimit, _time, _letGo.Token);
            }

            await _events.WriteAsync(new MachineEvent.Ended(this), _letGo.Token);
        }
        catch (OperationCanceledException) when (_letGo.IsCancellationRequested)
        {
            // Let go: whatever happens now is the adopter's.
        }
    }

    private async Task ListenToGuestAsync(WorkspacePaths paths)
    {
        try
        {
            await GuestConnection.ListenAsync(
                paths.GuestSocket, message => _events.WriteAsync(new MachineEvent.Heartbeat(this, message), _letGo.Token), _time, _letGo.Token);
        }
        catch (OperationCanceledException) when (_letGo.IsCancellationRequested)
        {
            // As above.
        }
    }
}
