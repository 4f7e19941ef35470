using System.Collections.Concurrent;

namespace Caisson.ControlPlane.Fleet;

/// <summary>Which endpoints an administrator has open just now: their polls may be held, so that orders arrive at once.</summary>
internal sealed class EndpointAttention(TimeProvider time)
{
    private static readonly TimeSpan s_life = TimeSpan.FromSeconds(90);
    private readonly ConcurrentDictionary<string, long> _looked = new(StringComparer.Ordinal);

    /// <summary>Call when an endpoint's page is opened and at least once a minute while it stays open.</summary>
    public void Look(string endpointId) => _looked[endpointId] = time.GetTimestamp();

    public bool Has(string endpointId)
    {
        if (!_looked.TryGetValue(endpointId, out var looked))
        {
            return false;
        }

        if (time.GetElapsedTime(looked) < s_life)
        {
            return true;
        }

        _looked.TryRemove(KeyValuePair.Create(endpointId, looked));
        return false;
    }
}
