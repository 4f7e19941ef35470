using Caisson.Endpoint.Server;

namespace Caisson.Endpoint.Reconcile;

/// <summary>How long a workspace whose start failed, or whose machine died at once, is left alone. Guarded by its owner's lock.</summary>
internal sealed class StartPause(TimeProvider time)
{
    private readonly Backoff backoff = new();
    private long pausedAt;
    private TimeSpan pause;

    public bool IsOver => pause == TimeSpan.Zero || time.GetElapsedTime(pausedAt) >= pause;

    /// <summary>Each is longer than the one before.</summary>
    public void Begin()
    {
        pause = backoff.Next();
        pausedAt = time.GetTimestamp();
    }

    /// <summary>Somebody asked: no more waiting.</summary>
    public void End() => pause = TimeSpan.Zero;

    /// <summary>It answered: the next pause is a short one again.</summary>
    public void Reset() => backoff.Reset();
}
