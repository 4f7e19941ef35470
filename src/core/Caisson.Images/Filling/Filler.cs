using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>Fetches all absent frames in the order of the packs, adjacent ones together; stands back for demand reads and keeps a rate.</summary>
internal sealed class Filler(ImageIndex index, FrameFetcher fetcher, DemandGate demand, RateLimit limit)
{
    /// <summary>Requests on their way at once, so that a far source's delay does not set the speed.</summary>
    private const int Lanes = 3;

    private readonly Lock _gate = new();
    private int _next;

    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Lanes).Select(_ => Task.Run(() => RunLaneAsync(cancellationToken), cancellationToken)));

    private async Task RunLaneAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var (run, bytes) = TakeRun(limit.LargestRequest(FrameFetcher.MaxRequestBytes));
            if (run.Count == 0)
            {
                return;
            }

            await limit.WaitAsync(bytes, cancellationToken).ConfigureAwait(false);
            await demand.WhenIdleAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            await fetcher.EnsureAsync(run).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private (List<int> Run, int Bytes) TakeRun(int maxBytes)
    {
        var run = new List<int>();
        var bytes = 0;
        lock (_gate)
        {
            for (; _next < index.Frames.Length; _next++)
            {
                if (!fetcher.IsWanted(_next))
                {
                    continue;
                }

                var stored = index.Frames[_next].StoredBytes;
                if (run.Count > 0 && (bytes + stored > maxBytes || !fetcher.FollowsInPack(run[^1], _next)))
                {
                    break;
                }

                run.Add(_next);
                bytes += stored;
            }
        }

        return (run, bytes);
    }
}
