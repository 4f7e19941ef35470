namespace Caisson.ControlPlane.Tests;

/// <summary>The machine's clock, moved. Timers stay real; nobody waits for them here.</summary>
internal sealed class FakeTime : TimeProvider
{
    private TimeSpan _ahead;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(_ahead.TotalSeconds * TimestampFrequency);

    public void Advance(TimeSpan by) => _ahead += by;

    private static new TimeProvider System => TimeProvider.System;
}
