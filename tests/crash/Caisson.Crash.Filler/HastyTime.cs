namespace Caisson.Crash.Filler;

/// <summary>Time that goes so many times as fast, so that short work has many checkpoints.</summary>
internal sealed class HastyTime(int hurry) : TimeProvider
{
    public override long TimestampFrequency => base.TimestampFrequency / hurry;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, Shorten(dueTime), Shorten(period));

    private TimeSpan Shorten(TimeSpan time) => time > TimeSpan.Zero ? time / hurry : time;
}
