using Caisson.Endpoint.Reconcile;
using CsCheck;

namespace Caisson.Endpoint.Tests;

public sealed class UpdateRuleTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);
    private static readonly UpdateWait Wait = new(Sample.Generation(7), Noon);

    private static UpdateStep Decide(UpdateWait wait, TimeSpan? within, double hours, double idleMinutes = 0) =>
        UpdateRule.Decide(wait, within, Noon.AddHours(hours), TimeSpan.FromMinutes(idleMinutes));

    [Fact]
    public void An_update_without_a_deadline_is_offered_for_ever_and_never_forced() => Gen.Select(Gen.Double[0, 10_000], Gen.Double[0, 600]).Sample((hours, idle) =>
        Assert.IsType<UpdateStep.Offer>(Decide(Wait, null, hours, idle)));

    [Fact]
    public void Later_is_two_hours_of_quiet()
    {
        var deferred = Wait with { DeferredUntil = Noon + UpdateRule.Deferral };
        Assert.Equal(new UpdateStep.Quiet(Noon.AddHours(2)), Decide(deferred, Day, 1.9));
        Assert.IsType<UpdateStep.Offer>(Decide(deferred, Day, 2));
        Assert.IsType<UpdateStep.Quiet>(Decide(deferred, null, 1));
    }

    [Fact]
    public void Later_ends_where_the_warning_begins()
    {
        var deferred = Wait with { DeferredUntil = Noon.AddHours(25) };
        Assert.Equal(new UpdateStep.Quiet(Noon.AddHours(23.75)), Decide(deferred, Day, 23.5));
        Assert.IsType<UpdateStep.Warn>(Decide(deferred, Day, 23.75));
    }

    [Fact]
    public void Before_the_deadline_it_warns_and_at_the_deadline_it_restarts()
    {
        Assert.Equal(new UpdateStep.Warn(Noon + Day), Decide(Wait, Day, 23.75));
        var warned = Wait with { WarnedAt = Noon.AddHours(23.75) };
        Assert.Equal(new UpdateStep.Warn(Noon + Day), Decide(warned, Day, 23.99));
        Assert.IsType<UpdateStep.Restart>(Decide(warned, Day, 24));
    }

    [Fact]
    public void A_screen_that_stood_still_for_five_minutes_of_the_warning_lets_it_restart_sooner()
    {
        var warned = Wait with { WarnedAt = Noon.AddHours(23.75) };
        Assert.IsType<UpdateStep.Warn>(Decide(warned, Day, 23.8, idleMinutes: 4.9));
        Assert.IsType<UpdateStep.Restart>(Decide(warned, Day, 23.85, idleMinutes: 5));
        Assert.IsType<UpdateStep.Warn>(Decide(Wait, Day, 23.85, idleMinutes: 300));
    }

    [Fact]
    public void A_PC_that_slept_over_the_deadline_warns_for_a_quarter_of_an_hour_first()
    {
        Assert.Equal(new UpdateStep.Warn(Noon.AddHours(100.25)), Decide(Wait, Day, 100));
        var warned = Wait with { WarnedAt = Noon.AddHours(100) };
        Assert.IsType<UpdateStep.Warn>(Decide(warned, Day, 100.2));
        Assert.IsType<UpdateStep.Restart>(Decide(warned, Day, 100.25));
    }

    [Fact]
    public void A_guest_that_did_not_shut_down_is_asked_again_after_a_quarter_of_an_hour_and_never_cut_off()
    {
        var refused = Wait with { WarnedAt = Noon.AddHours(23.75), AskedAt = Noon.AddHours(24) };
        Assert.Equal(new UpdateStep.Warn(Noon.AddHours(24.25)), Decide(refused, Day, 24.1, idleMinutes: 60));
        Assert.IsType<UpdateStep.Restart>(Decide(refused, Day, 24.25));
    }

    [Fact]
    public void No_one_is_restarted_without_a_whole_warning_or_a_still_screen() =>
        Gen.Select(Gen.Double[0, 200], Gen.Double[-1, 200], Gen.Double[1, 48], Gen.Double[0, 4.9]).Sample((hours, warned, within, idle) =>
        {
            var wait = warned < 0 ? Wait : Wait with { WarnedAt = Noon.AddHours(warned) };
            if (Decide(wait, TimeSpan.FromHours(within), hours, idle) is UpdateStep.Restart)
            {
                Assert.True(wait.WarnedAt is { } shown && Noon.AddHours(hours) - shown >= UpdateRule.Warning);
                Assert.True(hours >= within);
            }
        });
}
