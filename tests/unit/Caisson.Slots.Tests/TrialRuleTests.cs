namespace Caisson.Slots.Tests;

public sealed class TrialRuleTests
{
    private static readonly TrialLimits Limits = new(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(5));

    private static TrialVerdict Judge(int seconds, int? since = 0, bool enrolled = true, bool contact = true) => TrialRule.Judge(
        new TrialFacts { Elapsed = TimeSpan.FromSeconds(seconds), CaissondSince = since is { } s ? TimeSpan.FromSeconds(s) : null, IsEnrolled = enrolled, HasContact = contact }, Limits).Verdict;

    [Fact]
    public void Ten_healthy_minutes_are_good_and_not_a_second_less()
    {
        Assert.Equal(TrialVerdict.Wait, Judge(599));
        Assert.Equal(TrialVerdict.Good, Judge(600));
    }

    [Fact]
    public void Five_minutes_without_the_control_plane_are_bad()
    {
        Assert.Equal(TrialVerdict.Wait, Judge(299, contact: false));
        Assert.Equal(TrialVerdict.Bad, Judge(300, contact: false));
        Assert.Equal(TrialVerdict.Wait, Judge(301));
    }

    [Fact]
    public void The_minutes_count_from_when_caissond_began()
    {
        Assert.Equal(TrialVerdict.Wait, Judge(700, since: 200));
        Assert.Equal(TrialVerdict.Good, Judge(800, since: 200));
    }

    [Fact]
    public void A_caissond_that_does_not_stay_up_is_bad_in_the_end()
    {
        Assert.Equal(TrialVerdict.Wait, Judge(1499, since: 1400));
        Assert.Equal(TrialVerdict.Bad, Judge(1500, since: 1400));
        Assert.Equal(TrialVerdict.Bad, Judge(1500, since: null));
    }

    [Fact]
    public void A_PC_that_belongs_to_nobody_has_nobody_to_reach()
    {
        Assert.Equal(TrialVerdict.Wait, Judge(599, since: null, enrolled: false, contact: false));
        Assert.Equal(TrialVerdict.Good, Judge(600, since: null, enrolled: false, contact: false));
    }
}
