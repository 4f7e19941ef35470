namespace Caisson.Images;

/// <summary>Spaces requests so that their bytes stay below a rate that may change at any time. Thread-safe.</summary>
internal sealed class RateLimit(Func<long?> bytesPerSecond, TimeProvider time)
{
    private static readonly TimeSpan PausedCheck = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private DateTimeOffset _free = DateTimeOffset.MinValue;

    /// <summary>What one request may ask at most, so that it takes about a second: the rate may have changed by then.</summary>
    public int LargestRequest(int wanted) => bytesPerSecond() is { } rate ? (int)Math.Min(wanted, Math.Max(rate, 1)) : wanted;

    /// <summary>Waits until a request of this many bytes may be sent.</summary>
    public async Task WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        long? rate;
        while ((rate = bytesPerSecond()) is <= 0)
        {
            await Task.Delay(PausedCheck, time, cancellationToken).ConfigureAwait(false);
        }

        if (rate is null)
        {
            return;
        }

        TimeSpan wait;
        lock (_gate)
        {
            var now = time.GetUtcNow();
            var start = _free > now ? _free : now;
            wait = start - now;
            _free = start + TimeSpan.FromSeconds((double)bytes / rate.Value);
        }

        if (wait > TimeSpan.Zero)
        {
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
