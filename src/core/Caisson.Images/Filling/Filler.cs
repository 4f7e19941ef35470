using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Fetches absent frames: first those a boot is known to read, in that order and without standing back, because they are what demand reads will
/// ask next; then all others in the order of the packs, giving way to whoever waits. Neighbours in a pack travel in one request, several requests
/// are on their way at once, and a request is as large as the line carries in a moment: a far source's delay does not set the speed, and on a slow
/// line a demand read does not queue behind megabytes.
/// </summary>
internal sealed class Filler(ImageIndex index, FrameFetcher fetcher, DemandGate demand, RateLimit limit, Func<bool> isRestHeld, TimeProvider time)
{
    /// <summary>Requests that are on their way at once.</summary>
    internal const int Lanes = 4;

    private const int SmallestRequestBytes = 128 * 1024;

    /// <summary>How far ahead in a profile's order a neighbour may lie to travel with this frame.</summary>
    private const int ProfileWindow = 64;

    private static readonly TimeSpan RequestTime = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan HeldCheck = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly HashSet<int> _taken = [];
    private int _next;
    private long _requestBytes = 2 * SmallestRequestBytes;

    /// <param name="first">Frames a boot reads, in order.</param>
    /// <param name="cancellationToken">Ends it; what is on its way still lands.</param>
    public async Task RunAsync(IReadOnlyList<int> first, CancellationToken cancellationToken)
    {
        var places = new Dictionary<int, int>(first.Count);
        for (var place = 0; place < first.Count; place++)
        {
            places[first[place]] = place;
        }

        await InLanesAsync(maxBytes => TakeProfiled(first, places, maxBytes), standsBack: false, cancellationToken).ConfigureAwait(false);
        _next = 0;
        await InLanesAsync(TakeRest, standsBack: true, cancellationToken).ConfigureAwait(false);
    }

    private Task InLanesAsync(Func<int, List<int>> take, bool standsBack, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => Task.Run(() => RunLaneAsync(take, standsBack, cancellationToken), cancellationToken)));

    private async Task RunLaneAsync(Func<int, List<int>> take, bool standsBack, CancellationToken cancellationToken)
    {
        while (true)
        {
            while (standsBack && isRestHeld())
            {
                await Task.Delay(HeldCheck, time, cancellationToken).ConfigureAwait(false);
            }

            var run = take(limit.LargestRequest((int)Volatile.Read(ref _requestBytes)));
            if (run.Count == 0)
            {
                return;
            }

            var bytes = run.Sum(frame => index.Frames[frame].StoredBytes);
            await limit.WaitAsync(bytes, cancellationToken).ConfigureAwait(false);
            if (standsBack)
            {
                await demand.WhenIdleAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            var begun = time.GetTimestamp();
            await fetcher.EnsureAsync(run).WaitAsync(cancellationToken).ConfigureAwait(false);
            Learn(bytes, time.GetElapsedTime(begun));
        }
    }

    /// <summary>The next request is as large as this line would have carried in <see cref="RequestTime"/>; half of the change at a time.</summary>
    private void Learn(int bytes, TimeSpan took)
    {
        var carried = bytes * (RequestTime / TimeSpan.FromTicks(Math.Max(took.Ticks, 1)));
        var next = (Volatile.Read(ref _requestBytes) + Math.Min(carried, FrameFetcher.MaxRequestBytes)) / 2;
        Volatile.Write(ref _requestBytes, (long)Math.Clamp(next, SmallestRequestBytes, FrameFetcher.MaxRequestBytes));
    }

    private List<int> TakeProfiled(IReadOnlyList<int> first, Dictionary<int, int> places, int maxBytes)
    {
        lock (_gate)
        {
            while (_next < first.Count && (_taken.Contains(first[_next]) || !fetcher.IsWanted(first[_next])))
            {
                _next++;
            }

            if (_next == first.Count)
            {
                return [];
            }

            var limitPlace = _next + ProfileWindow;
            return Extend(first[_next], maxBytes, frame => places.TryGetValue(frame, out var place) && place < limitPlace);
        }
    }

    private List<int> TakeRest(int maxBytes)
    {
        lock (_gate)
        {
            while (_next < index.Frames.Length && !fetcher.IsWanted(_next))
            {
                _next++;
            }

            if (_next == index.Frames.Length)
            {
                return [];
            }

            var run = Extend(_next, maxBytes, _ => true);
            _next = run[^1] + 1;
            return run;
        }
    }

    /// <summary>The frame and those that follow it in its pack, as far as they may travel with it.</summary>
    private List<int> Extend(int frame, int maxBytes, Func<int, bool> mayTravel)
    {
        var run = new List<int> { frame };
        var bytes = index.Frames[frame].StoredBytes;
        for (var next = frame + 1; next < index.Frames.Length && fetcher.FollowsInPack(run[^1], next) && mayTravel(next) && !_taken.Contains(next) && fetcher.IsWanted(next); next++)
        {
            bytes += index.Frames[next].StoredBytes;
            if (bytes > maxBytes)
            {
                break;
            }

            run.Add(next);
        }

        _taken.UnionWith(run);
        return run;
    }
}
