using System.Collections.Concurrent;

namespace Caisson.ControlPlane.Fleet;

/// <summary>Wakes held desired-state requests. A wake-up says "look again", never what changed; waking too often is harmless.</summary>
internal sealed class DesiredStateChanges
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _waiting = new(StringComparer.Ordinal);

    /// <summary>Ends at the next announcement for this endpoint. Take it before looking at the state, or a change in between is missed.</summary>
    public Task Next(string endpointId) =>
        _waiting.GetOrAdd(endpointId, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    public void Announce(string endpointId)
    {
        if (_waiting.TryRemove(endpointId, out var waiting))
        {
            waiting.TrySetResult();
        }
    }

    public void AnnounceAll()
    {
        foreach (var endpointId in _waiting.Keys)
        {
            Announce(endpointId);
        }
    }
}
