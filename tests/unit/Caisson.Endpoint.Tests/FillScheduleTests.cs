using Caisson.Endpoint.Shelf;
using Caisson.Protocol;

namespace Caisson.Endpoint.Tests;

public sealed class FillScheduleTests
{
    private const long Always = 5;

    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");

    [Fact]
    public void Where_no_hours_hold_the_rate_is_the_general_one() =>
        Assert.Equal(Always, Rate("2026-11-24 12:00", Hours(8, 12, 1)));

    [Fact]
    public void Hours_begin_with_their_first_minute_and_end_before_their_last()
    {
        Assert.Equal(1, Rate("2026-11-24 08:00", Hours(8, 12, 1)));
        Assert.Equal(1, Rate("2026-11-24 11:59", Hours(8, 12, 1)));
        Assert.Equal(Always, Rate("2026-11-24 07:59", Hours(8, 12, 1)));
    }

    [Fact]
    public void The_first_hours_that_hold_count() =>
        Assert.Equal(1, Rate("2026-11-24 09:00", Hours(8, 10, 1), Hours(8, 12, 2)));

    [Fact]
    public void Hours_without_a_rate_are_without_a_limit() =>
        Assert.Null(Rate("2026-11-24 09:00", Hours(8, 10, null)));

    [Fact]
    public void Hours_over_midnight_belong_to_the_day_on_which_they_begin()
    {
        var friday = Hours(22, 6, 1, DayOfWeek.Friday); // 2026-11-27 is a Friday.
        Assert.Equal(1, Rate("2026-11-27 23:00", friday));
        Assert.Equal(1, Rate("2026-11-28 05:59", friday));
        Assert.Equal(Always, Rate("2026-11-28 23:00", friday));
        Assert.Equal(Always, Rate("2026-11-27 05:00", friday));
    }

    [Fact]
    public void Hours_that_end_when_they_begin_are_a_whole_day()
    {
        var sunday = Hours(0, 0, 1, DayOfWeek.Sunday);
        Assert.Equal(1, Rate("2026-11-29 00:00", sunday));
        Assert.Equal(1, Rate("2026-11-29 23:59", sunday));
        Assert.Equal(Always, Rate("2026-11-30 00:00", sunday));
    }

    [Fact]
    public void In_the_night_the_clock_jumps_forward_hours_jumped_over_do_not_happen()
    {
        // 2026-03-29: 01:59:59 is followed by 03:00.
        var rates = Minutes("2026-03-29 00:30Z", 90).Select(at => FillSchedule.RateAt(at, Always, [Hours(2, 3, 1)]));
        Assert.DoesNotContain(1, rates);
    }

    [Fact]
    public void In_the_night_the_clock_goes_back_the_hour_that_comes_twice_holds_twice()
    {
        // 2026-10-25: 02:59:59 is followed by 02:00.
        var held = Minutes("2026-10-24 22:00Z", 6 * 60).Count(at => FillSchedule.RateAt(at, Always, [Hours(2, 3, 1)]) == 1);
        Assert.Equal(120, held);
    }

    private static FillHours Hours(int from, int to, long? rate, params DayOfWeek[] days) => new() { From = new TimeOnly(from, 0), To = new TimeOnly(to, 0), BytesPerSecond = rate, Days = days };

    private static long? Rate(string local, params FillHours[] hours) =>
        FillSchedule.RateAt(new DateTimeOffset(DateTime.Parse(local, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromHours(1)), Always, hours);

    private static IEnumerable<DateTimeOffset> Minutes(string utc, int count)
    {
        var start = DateTimeOffset.Parse(utc, System.Globalization.CultureInfo.InvariantCulture);
        return Enumerable.Range(0, count).Select(minute => TimeZoneInfo.ConvertTime(start.AddMinutes(minute), Berlin));
    }
}
