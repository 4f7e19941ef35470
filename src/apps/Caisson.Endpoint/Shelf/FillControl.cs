using Caisson.Endpoint.Files;
using Caisson.Protocol;

namespace Caisson.Endpoint.Shelf;

/// <summary>
/// How fast the background filler may go now: what the desired state says of the hour, unless it was paused by order or by the person at the PC. A
/// pause is a file: it outlives restarts, and `caissond filling pause` needs nobody to talk to.
/// </summary>
internal sealed class FillControl(EndpointPaths paths, TimeProvider time)
{
    private volatile Rates rates = new(null, []);

    public bool IsPaused
    {
        get => File.Exists(paths.FillPaused);
        set
        {
            if (value)
            {
                AtomicFile.Write(paths.FillPaused, "The background filler was paused.\n"u8.ToArray());
            }
            else
            {
                AtomicFile.Delete(paths.FillPaused);
            }
        }
    }

    /// <summary>Null is no limit, 0 is a pause.</summary>
    public long? BytesPerSecond => IsPaused ? 0 : FillSchedule.RateAt(time.GetLocalNow(), rates.Always, rates.Hours);

    public void Want(DesiredState state) => rates = new(state.FillBytesPerSecond, state.FillSchedule);

    private sealed record Rates(long? Always, IReadOnlyList<FillHours> Hours);
}
