using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Caisson.Machines;

/// <summary>The latest status and those who watch it. Written by the owner alone.</summary>
internal sealed class StatusBoard(MachineStatus first)
{
    private readonly Lock _lock = new();
    private readonly List<Channel<MachineStatus>> _watchers = [];
    private bool _closed;

    public MachineStatus Current { get; private set; } = first;

    public void Publish(MachineStatus status)
    {
        lock (_lock)
        {
            if (status == Current)
            {
                return;
            }

            Current = status;
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryWrite(status);
            }
        }
    }

    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryComplete();
            }
        }
    }

    public async IAsyncEnumerable<MachineStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        // Room for one: a slow watcher loses what is out of date, never the latest.
        var watcher = Channel.CreateBounded<MachineStatus>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (_lock)
        {
            watcher.Writer.TryWrite(Current);
            _watchers.Add(watcher);
            if (_closed)
            {
                watcher.Writer.TryComplete();
            }
        }

        try
        {
            await foreach (var status in watcher.Reader.ReadAllAsync(cancellation))
            {
                yield return status;
            }
        }
        finally
        {
            lock (_lock)
            {
                _watchers.Remove(watcher);
            }
        }
    }
}
