using System.Collections.Concurrent;

namespace Caisson.Nbd;

/// <summary>
/// The reads of one connection that wait for their bytes. They run at once and are answered in the order they finish, by a second
/// thread of the connection: a client that does not read its answers then blocks that thread and nothing of the thread pool.
/// </summary>
internal sealed class PendingReads(IBlockDevice device, SendPort port, long maxBytes, Action<Exception> onDeviceFailure, Action close) : IDisposable
{
    private readonly object _turn = new();
    private readonly BlockingCollection<(ReadReply Reply, Exception? Failure)> _finished = [];
    private readonly CancellationTokenSource _closed = new();
    private Thread? _sender;
    private long _bytes;
    private int _running;

    /// <summary>Starts a read; waits while the connection's bound is reached. False: the connection is closing.</summary>
    internal bool Start(long offset, ReadReply reply)
    {
        lock (_turn)
        {
            // A single read is always let through, whatever the bound.
            while (_bytes > 0 && _bytes + reply.Cost > maxBytes && !_closed.IsCancellationRequested)
            {
                Monitor.Wait(_turn);
            }

            if (_closed.IsCancellationRequested)
            {
                reply.Return();
                return false;
            }

            _bytes += reply.Cost;
            _running++;
        }

        if (_sender is null)
        {
            _sender = new Thread(SendFinished, maxStackSize: 256 << 10) { IsBackground = true, Name = "nbd answers" };
            _sender.Start();
        }

        _ = FetchAsync(offset, reply);
        return true;
    }

    /// <summary>Cancelled when the connection ends.</summary>
    internal CancellationToken Closed => _closed.Token;

    /// <summary>Wakes whoever waits for the bound and cancels every running read. Any thread may call it.</summary>
    internal void Cancel()
    {
        _closed.Cancel(); // Outside the lock: it may run the device's code.
        lock (_turn)
        {
            Monitor.PulseAll(_turn);
        }
    }

    /// <summary>Cancels, waits until no read touches its buffer any more, and ends the second thread.</summary>
    public void Dispose()
    {
        Cancel();
        lock (_turn)
        {
            while (_running > 0)
            {
                Monitor.Wait(_turn);
            }
        }

        _finished.CompleteAdding();
        _sender?.Join();
        _finished.Dispose();

        // _closed has no timer and no handle, and the server may still cancel it: left to the collector.
    }

    private async Task FetchAsync(long offset, ReadReply reply)
    {
        Exception? failure = null;
        try
        {
            await device.ReadAsync(offset, reply.Data, _closed.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            failure = e;
        }

        _finished.Add((reply, failure));
        lock (_turn)
        {
            _running--;
            Monitor.PulseAll(_turn);
        }
    }

    private void SendFinished()
    {
        foreach (var (reply, failure) in _finished.GetConsumingEnumerable())
        {
            try
            {
                Answer(reply, failure);
            }
            catch (Exception)
            {
                close(); // The client cannot be reached; its own thread sees the closed socket and cleans up.
            }

            var cost = reply.Cost;
            reply.Return();
            lock (_turn)
            {
                _bytes -= cost;
                Monitor.PulseAll(_turn);
            }
        }
    }

    private void Answer(ReadReply reply, Exception? failure)
    {
        if (_closed.IsCancellationRequested)
        {
            return;
        }

        if (failure is null)
        {
            reply.Send(port);
            return;
        }

        onDeviceFailure(failure);
        reply.SendError(port, DeviceFailure.ToError(failure));
    }
}
