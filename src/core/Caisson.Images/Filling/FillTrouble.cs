namespace Caisson.Images;

/// <summary>What stands in the way of a fill: said once when it begins and once when it ends, with a pause that grows in between.</summary>
internal sealed class FillTrouble(TimeProvider time, Action<FillEvent>? events)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    // A guest stands still while it waits, so the pause stays short; jitter keeps a fleet from asking at once.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>A source may ask for more (Retry-After); a guest is not left standing for longer than this without asking again.</summary>
    private static readonly TimeSpan LongestAskedPause = TimeSpan.FromMinutes(1);

    private volatile string? _problem;
    private volatile bool _isDiskTrouble;

    /// <summary>One sentence, null when all is well.</summary>
    public string? Problem => _problem;

    public void Corrupt(string reason) => events?.Invoke(new FillEvent.Corrupt(reason));

    public void Clear()
    {
        if (_problem is not null && Interlocked.Exchange(ref _problem, null) is not null)
        {
            events?.Invoke(new FillEvent.Recovered());
        }
    }

    /// <summary>Says what is wrong and waits until it is time to try again.</summary>
    public Task WaitAfterAsync(Exception e, int attempt, CancellationToken cancellationToken)
    {
        var pause = Pause(attempt);
        if (e is BlobSourceException { RetryAfter: { } asked } && asked > pause)
        {
            pause = (asked < LongestAskedPause ? asked : LongestAskedPause) + (pause * 0.5);
        }

        Report(e, pause);
        return Task.Delay(pause, time, cancellationToken);
    }

    public Task PauseAsync(int attempt, CancellationToken cancellationToken) => Task.Delay(Pause(attempt), time, cancellationToken);

    public void Report(Exception e, TimeSpan pause)
    {
        var isDisk = e is IOException;
        var problem = e is IOException io && Posix.IsNoSpace(io)
            ? "The disk is full: the image cannot be filled further. Free some space; it goes on by itself."
            : isDisk ? $"The image file cannot be written: {e.Message}" : $"The image's source is away: {e.Message}";
        var isSaid = Interlocked.Exchange(ref _problem, problem) is not null && _isDiskTrouble == isDisk;
        _isDiskTrouble = isDisk;
        if (!isSaid)
        {
            events?.Invoke(isDisk ? new FillEvent.DiskTrouble(problem, pause) : new FillEvent.SourceAway(problem, pause));
        }
    }

    private static TimeSpan Pause(int attempt)
    {
        var longest = Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(attempt, 10)));
        return TimeSpan.FromMilliseconds(longest * (0.5 + (Random.Shared.NextDouble() / 2)));
    }
}
