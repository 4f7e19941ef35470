namespace Caisson.Images;

/// <summary>
/// One question to several sources: the first is asked; when it fails the next is asked at once, when it is slow the next is asked beside it,
/// and whoever answers first counts. The others are told to stop.
/// </summary>
internal sealed class Overtaking<T>(IReadOnlyList<TrackedSource> sources, int bytes, TimeProvider time)
{
    /// <summary>Which failure speaks for all of them: the one most likely to pass.</summary>
    private static readonly BlobSourceError[] ByHope = [BlobSourceError.Away, BlobSourceError.Refused, BlobSourceError.Invalid, BlobSourceError.Missing];

    private readonly List<BlobSourceException> _failures = [];
    private readonly List<(TrackedSource Source, Task<T> Answer)> _running = [];
    private int _next;

    /// <summary>Called with an answer that came too late, so that it can give its buffer back.</summary>
    public Action<T> Discard { get; init; } = _ => { };

    /// <exception cref="BlobSourceException">None had it. Away if any of them may still have it, then refused, invalid, missing.</exception>
    public async Task<T> RunAsync(Func<TrackedSource, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken); // The caller, or that another was first.
        try
        {
            while (_running.Count > 0 || _next < sources.Count)
            {
                if (_running.Count == 0 || await IsSlowAsync(stop.Token).ConfigureAwait(false))
                {
                    Begin(ask, stop.Token);
                    continue;
                }

                var ended = _running.Find(lane => lane.Answer.IsCompleted);
                _running.Remove(ended);
                try
                {
                    return Won(ended.Source, await ended.Answer.ConfigureAwait(false));
                }
                catch (BlobSourceException e)
                {
                    _failures.Add(e);
                    if (_next < sources.Count)
                    {
                        Begin(ask, stop.Token);
                    }
                }
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            _running.ForEach(lane => _ = ForgetAsync(lane.Answer));
        }

        throw Together();
    }

    private void Begin(Func<TrackedSource, CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        var source = sources[_next++];
        _running.Add((source, ask(source, cancellationToken)));
    }

    /// <summary>Waits until a lane ends (false), or the newest one has used up the patience it deserves and there is another to ask (true).</summary>
    private async Task<bool> IsSlowAsync(CancellationToken cancellationToken)
    {
        var ends = Task.WhenAny(_running.Select(lane => lane.Answer));
        if (_next == sources.Count)
        {
            await ends.ConfigureAwait(false);
            return false;
        }

        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken); // So that the timer does not outlive the wait.
        var patience = Task.Delay(_running[^1].Source.Patience(bytes), time, waiting.Token);
        var first = await Task.WhenAny(ends, patience).ConfigureAwait(false);
        await waiting.CancelAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return first == patience;
    }

    private T Won(TrackedSource winner, T answer)
    {
        foreach (var (source, _) in _running.Where(lane => Order(lane.Source) < Order(winner)))
        {
            source.Overtaken();
        }

        return answer;
    }

    private int Order(TrackedSource source) => sources.ToList().IndexOf(source);

    private async Task ForgetAsync(Task<T> late)
    {
        await ((Task)late).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (late.IsCompletedSuccessfully)
        {
            Discard(await late.ConfigureAwait(false));
        }
    }

    private BlobSourceException Together()
    {
        var error = ByHope.First(kind => kind == BlobSourceError.Missing || _failures.Exists(e => e.Error == kind));
        var counting = _failures.Where(e => e.Error == error).ToList();
        return counting is [var only] ? only : new BlobSourceException(error, string.Join(' ', counting.Select(e => e.Message)), counting[0])
        {
            RetryAfter = counting.TrueForAll(e => e.RetryAfter is not null) ? counting.Min(e => e.RetryAfter) : null,
        };
    }
}
