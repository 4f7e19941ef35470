namespace Caisson.Endpoint.Tests;

/// <summary>A clock that stands until it is moved: the wall clock may jump anywhere, what has passed only grows.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock gate = new();
    private DateTimeOffset wall = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private TimeSpan passed;

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return wall;
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        lock (gate)
        {
            return passed.Ticks;
        }
    }

    public void Pass(TimeSpan by)
    {
        lock (gate)
        {
            wall += by;
            passed += by;
        }
    }

    /// <summary>Somebody sets the clock of the PC.</summary>
    public void SetWall(DateTimeOffset to)
    {
        lock (gate)
        {
            wall = to;
        }
    }
}
