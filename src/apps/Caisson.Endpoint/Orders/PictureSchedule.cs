using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.Orders;

/// <summary>
/// When one workspace is due for a picture: at the first heartbeat of a start; when its guest says the session is active; again when the
/// desktop has been drawn; and then every 30 s while somebody looks, else every 5 minutes. One value per workspace, replaced by each picture.
/// </summary>
/// <param name="StartedAt">Of the machine: a restart, such as into a new generation, begins anew.</param>
/// <param name="SessionSince">Timestamp of the first look that saw the session; null before.</param>
/// <param name="TakenAt">Timestamp of the last picture that was tried.</param>
internal sealed record PictureSchedule(DateTimeOffset? StartedAt, long? SessionSince, long TakenAt)
{
    /// <summary>From the session to a desktop that can be seen, also under emulation.</summary>
    public static readonly TimeSpan Drawing = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Watched = TimeSpan.FromSeconds(30);

    public static readonly TimeSpan Unwatched = TimeSpan.FromMinutes(5);

    /// <param name="last">What the last picture left; null before the first.</param>
    /// <returns>What to keep when a picture is due now, and null when none is.</returns>
    public static PictureSchedule? Due(PictureSchedule? last, MachineStatus status, bool isWatched, TimeProvider time)
    {
        if (status.State != WorkspaceState.Running || status.FirstHeartbeatAt is null)
        {
            return null;
        }

        var now = time.GetTimestamp();
        var hasSession = status.GuestFacts.GetValueOrDefault("session") == "active";
        if (last is null || last.StartedAt != status.StartedAt)
        {
            return new PictureSchedule(status.StartedAt, hasSession ? now : null, now);
        }

        var sessionSince = hasSession ? last.SessionSince ?? now : (long?)null;
        var isDue = (hasSession && last.SessionSince is null)
            || (sessionSince is { } since && time.GetElapsedTime(since, last.TakenAt) < Drawing && time.GetElapsedTime(since, now) >= Drawing)
            || time.GetElapsedTime(last.TakenAt, now) >= (isWatched ? Watched : Unwatched);
        return isDue ? new PictureSchedule(status.StartedAt, sessionSince, now) : null;
    }
}
