using System.Collections.Concurrent;

namespace Caisson.ControlPlane.Live;

/// <summary>
/// Tells open pages that something they may show has changed: of one PC, or at all. It carries no data and keeps no history; a page reads
/// what it needs itself. A reader never misses a change between two waits, because it waits for a version above the one it has seen.
/// </summary>
public sealed class Changes
{
    private readonly ConcurrentDictionary<string, Topic> topics = new(StringComparer.Ordinal);
    private readonly Topic all = new();

    /// <summary>Says that this PC changed (and with it the fleet), or with null that something else did.</summary>
    public void Pulse(string? endpoint = null)
    {
        if (endpoint is not null && topics.TryGetValue(endpoint, out var topic))
        {
            topic.Raise();
        }
        else if (endpoint is null)
        {
            foreach (var one in topics.Values)
            {
                one.Raise();
            }
        }

        all.Raise();
    }

    /// <summary>The version now, of one PC or of everything.</summary>
    public long Version(string? endpoint) => Find(endpoint).Version;

    /// <summary>Returns the version as soon as it is above <paramref name="seen"/>.</summary>
    public Task<long> NextAsync(string? endpoint, long seen, CancellationToken cancellationToken) => Find(endpoint).NextAsync(seen, cancellationToken);

    // PCs that connect or are looked at have a topic, some hundred bytes each; none is ever removed.
    private Topic Find(string? endpoint) => endpoint is null ? all : topics.GetOrAdd(endpoint, _ => new Topic());

    private sealed class Topic
    {
        private readonly Lock gate = new();
        private TaskCompletionSource raised = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long version;

        public long Version => Interlocked.Read(ref version);

        public void Raise()
        {
            TaskCompletionSource waiting;
            lock (gate)
            {
                version++;
                waiting = raised;
                raised = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            waiting.SetResult();
        }

        public async Task<long> NextAsync(long seen, CancellationToken cancellationToken)
        {
            while (true)
            {
                Task next;
                lock (gate)
                {
                    if (version > seen)
                    {
                        return version;
                    }

                    next = raised.Task;
                }

                await next.WaitAsync(cancellationToken);
            }
        }
    }
}
