namespace Caisson.Endpoint.Server;

/// <summary>
/// What time the server says it is: its last Date header plus what has passed since by a clock nobody can set.
/// Orders expire by this clock, so a PC whose own is years off neither obeys stale ones nor refuses fresh ones.
/// </summary>
internal sealed class ServerClock(TimeProvider time)
{
    private readonly Lock gate = new();
    private DateTimeOffset? heard;
    private long at;

    /// <summary>The wall clock until the server has spoken.</summary>
    public DateTimeOffset Now
    {
        get
        {
            lock (gate)
            {
                return heard is { } then ? then + time.GetElapsedTime(at) : time.GetUtcNow();
            }
        }
    }

    public void Heard(DateTimeOffset? date)
    {
        if (date is not { } serverTime)
        {
            return;
        }

        lock (gate)
        {
            heard = serverTime;
            at = time.GetTimestamp();
        }
    }
}
