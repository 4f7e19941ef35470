namespace Caisson.GuestTools;

/// <summary>
/// Sends a heartbeat every <see cref="Period"/>. While nobody listens it asks again every <see cref="Retry"/>, so that a host
/// that has just connected hears from the guest within a second; the line is made anew each time, never an old one kept.
/// </summary>
internal sealed class HeartbeatLoop(Func<GuestPort?> open, Func<byte[]> line, TimeProvider clock)
{
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    public async Task RunAsync(CancellationToken stop)
    {
        GuestPort? port = null;
        try
        {
            while (true)
            {
                port ??= open();
                var result = port?.TrySend(line()) ?? SendResult.NotNow;
                if (result == SendResult.Lost)
                {
                    port?.Dispose();
                    port = null;
                }

                await Task.Delay(result == SendResult.Sent ? Period : Retry, clock, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            port?.Dispose();
        }
    }
}
