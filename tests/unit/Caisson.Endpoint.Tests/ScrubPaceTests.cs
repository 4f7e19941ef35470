using Caisson.Endpoint.Shelf;

namespace Caisson.Endpoint.Tests;

public sealed class ScrubPaceTests
{
    private const long Image = 40L << 30;

    private static readonly DateTimeOffset Start = new(2026, 11, 24, 8, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(24)]
    [InlineData(8)]
    [InlineData(4)]
    public void Each_pass_of_a_PC_that_runs_some_hours_a_day_ends_within_seven_days_of_the_one_before(int hoursOnPerDay)
    {
        var (left, began, last) = (Image, (DateTimeOffset?)null, (DateTimeOffset?)null);
        var ends = new List<DateTimeOffset> { Start };
        for (var now = Start; now < Start + TimeSpan.FromDays(60); now += Minute)
        {
            if ((now - Start).TotalHours % 24 >= hoursOnPerDay)
            {
                continue;
            }

            var bytes = ScrubPace.BytesNow(left, began, last, now, Minute);
            began = bytes > 0 ? began ?? now : began;
            left -= bytes;
            if (left <= 0)
            {
                ends.Add(now);
                (left, began, last) = (Image, null, now);
            }
        }

        Assert.True(ends.Count > 60 / 8);
        Assert.All(ends.Zip(ends.Skip(1)), pair => Assert.True(pair.Second - pair.First <= ScrubPace.Interval, $"A pass took until {pair.Second - pair.First} after the one before."));
    }

    [Fact]
    public void After_a_pass_there_is_rest_for_three_days()
    {
        Assert.Equal(0, ScrubPace.BytesNow(Image, null, Start, Start.AddDays(2.9), Minute));
        Assert.True(ScrubPace.BytesNow(Image, null, Start, Start.AddDays(3), Minute) > 0);
    }

    [Fact]
    public void It_goes_easy_while_there_is_time() =>
        Assert.InRange(ScrubPace.BytesNow(Image, null, null, Start, Minute), Image / 1500, Image / 1400);

    [Fact]
    public void A_clock_set_back_does_not_stop_it() =>
        Assert.True(ScrubPace.BytesNow(Image, null, Start, Start.AddYears(-1), Minute) > 0);
}
