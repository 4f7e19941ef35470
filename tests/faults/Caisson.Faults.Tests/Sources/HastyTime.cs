namespace Caisson.Faults.Tests.Sources;

/// <summary>Every wait is a hundredth of what it says, so that many retries take a moment.</summary>
internal sealed class HastyTime : TimeProvider
{
    private const int Hurry = 100;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, Shorten(dueTime), Shorten(period));

    private static TimeSpan Shorten(TimeSpan time) => time > TimeSpan.Zero ? time / Hurry : time;
}
