namespace Caisson.Images;

/// <summary>Turns counts into progress: bytes per second and time left, reported five times a second at most. Thread-safe.</summary>
/// <param name="doneBefore">Bytes that were done before this run; they count as done, but not for the rate.</param>
internal sealed class ProgressMeter(string step, long totalBytes, TimeProvider time, IProgress<ImageProgress>? target, long doneBefore = 0)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly long _start = time.GetTimestamp();
    private readonly long _before = doneBefore;
    private readonly Lock _gate = new();
    private long _done = doneBefore;
    private long _reported;

    public void Add(long bytes)
    {
        if (target is null)
        {
            return;
        }

        lock (_gate)
        {
            _done += bytes;
            if (_done < totalBytes && time.GetElapsedTime(_reported == 0 ? _start : _reported) < Interval)
            {
                return;
            }

            _reported = time.GetTimestamp();
            var seconds = time.GetElapsedTime(_start).TotalSeconds;
            var rate = seconds > 0 ? (_done - _before) / seconds : 0;
            TimeSpan? left = rate > 0 ? TimeSpan.FromSeconds((totalBytes - _done) / rate) : null;
            target.Report(new ImageProgress(step, _done, totalBytes, rate, left));
        }
    }
}
