using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>The machine a workspace's owner has in hand, if any, and its newest status, under the owner's lock.</summary>
/// <param name="heard">Told of each status with the one before, outside the lock.</param>
internal sealed class HeldMachine(Lock gate, Signal changed, Action<MachineStatus, MachineStatus> heard) : IAsyncDisposable
{
    public static readonly MachineStatus Stopped = new() { State = WorkspaceState.Stopped };

    private Machine? machine;
    private MachineStatus status = Stopped;
    private Task watch = Task.CompletedTask;
    private CancellationTokenSource watching = new();

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

    public void Take(Machine taken)
    {
        lock (gate)
        {
            machine = taken;
            status = taken.Status;
            watching.Dispose();
            watching = new CancellationTokenSource();
            watch = WatchAsync(taken, watching.Token);
        }

        changed.Set();
    }

    public void Set(MachineStatus next)
    {
        lock (gate)
        {
            status = next;
        }

        changed.Set();
    }

    /// <summary>A running machine runs on.</summary>
    public async Task LetGoAsync()
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

    public async ValueTask DisposeAsync()
    {
        await LetGoAsync();
        watching.Dispose();
    }

    private async Task WatchAsync(Machine watched, CancellationToken ct)
    {
        try
        {
            await foreach (var next in watched.WatchAsync(ct))
            {
                var before = Status;
                Set(next);
                heard(before, next);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Let go.
        }
    }
}
