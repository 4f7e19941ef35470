namespace Caisson.Images;

/// <summary>
/// Gives up a transfer that stands still or drips: each <see cref="PartBytes"/> (or the rest of it) must come within the limit. Its token ends
/// with the caller's too.
/// </summary>
internal sealed class StallWatch : IDisposable
{
    private const int PartBytes = 16 * 1024;

    private readonly CancellationTokenSource _stop;
    private readonly TimeSpan _limit;
    private int _fed;

    public StallWatch(TimeSpan limit, CancellationToken caller)
    {
        _limit = limit;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(caller); // The caller, or the limit.
        _stop.CancelAfter(limit);
    }

    public CancellationToken Token => _stop.Token;

    public void Feed(int bytes)
    {
        _fed += bytes;
        if (_fed >= PartBytes)
        {
            _fed = 0;
            _stop.CancelAfter(_limit);
        }
    }

    public void Dispose() => _stop.Dispose();
}
