using Caisson.Installing;

namespace Caisson.Cli.Install;

/// <summary>Tells how far one step is, a few times a second.</summary>
internal sealed class CopyMeter(string step, long total, TimeProvider time, Action<InstallProgress> tell)
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(300);

    private readonly long _began = time.GetTimestamp();
    private long _told;

    public void At(long done)
    {
        if (_told != 0 && time.GetElapsedTime(_told) < Often && done < total)
        {
            return;
        }

        _told = time.GetTimestamp();
        var seconds = time.GetElapsedTime(_began).TotalSeconds;
        var rate = seconds > 0.5 ? done / seconds : 0;
        tell(new InstallProgress(step, Math.Min(done, total), total, rate, rate > 0 ? TimeSpan.FromSeconds(Math.Max(0, total - done) / rate) : null));
    }
}
