using Caisson.Protocol;

namespace Caisson.Endpoint.Shelf;

/// <summary>
/// The filler's rate at a moment; a function. Only the wall's clock counts: where it jumps forward, the hours jumped over do not happen; where it
/// goes back, the hour that comes twice holds twice.
/// </summary>
internal static class FillSchedule
{
    /// <param name="now">Local time of the PC.</param>
    /// <param name="always">The rate where no hours hold.</param>
    /// <param name="hours">The first that hold count.</param>
    public static long? RateAt(DateTimeOffset now, long? always, IReadOnlyList<FillHours> hours) =>
        hours.FirstOrDefault(h => Holds(h, now.DayOfWeek, TimeOnly.FromDateTime(now.DateTime))) is { } held ? held.BytesPerSecond : always;

    private static bool Holds(FillHours hours, DayOfWeek day, TimeOnly at)
    {
        var isOverMidnight = hours.To <= hours.From;
        return (BeginsOn(hours, day) && at >= hours.From && (isOverMidnight || at < hours.To))
            || (isOverMidnight && BeginsOn(hours, (DayOfWeek)(((int)day + 6) % 7)) && at < hours.To);
    }

    private static bool BeginsOn(FillHours hours, DayOfWeek day) => hours.Days.Count == 0 || hours.Days.Contains(day);
}
