namespace Caisson.Crash.Filler;

/// <summary>Every wait is a twentieth of what it says, so that a short fill has many checkpoints.</summary>
internal sealed class HastyTime : TimeProvider
{
    private const int Hurry = 20;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, Shorten(dueTime), Shorten(period));

    private static TimeSpan Shorten(TimeSpan time) => time > TimeSpan.Zero ? time / Hurry : time;
}
