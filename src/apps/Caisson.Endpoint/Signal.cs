using System.Threading.Channels;

namespace Caisson.Endpoint;

/// <summary>"Something changed": many settings before a wait are one. One waiter each; what is set here is set in <paramref name="also"/> too.</summary>
internal sealed class Signal(Signal? also = null)
{
    private readonly Channel<bool> pending = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Set()
    {
        pending.Writer.TryWrite(true);
        also?.Set();
    }

    public async Task WaitAsync(CancellationToken ct) => await pending.Reader.ReadAsync(ct);

    /// <summary>Returns at the signal or after <paramref name="limit"/>, whichever is first.</summary>
    public async Task WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken ct)
    {
        using var timer = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timer.Token); // the caller, or the time limit
        try
        {
            await WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The limit: as good as a signal.
        }
    }
}
