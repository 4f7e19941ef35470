using Caisson.Endpoint.Reconcile;
using Caisson.Protocol;

namespace Caisson.Endpoint.Tests;

/// <summary>The life of generations on a PC, a test for each sentence of the rule.</summary>
public sealed class LifeRuleTests
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(10);
    private static readonly GenerationReference Six = Sample.Generation(6);
    private static readonly GenerationReference Seven = Sample.Generation(7);
    private static readonly GenerationReference Eight = Sample.Generation(8);
    private static readonly ScreenMotion Still = new(10, null, HasMoved: false);
    private static readonly ScreenMotion Moving = new(10, null, HasMoved: true);

    /// <summary>Six has answered and settled, and Seven is wanted.</summary>
    private static readonly Life OnSix = Happened(Life.None, Started(Six), new LifeEvent.Answered(), Ran(10), new LifeEvent.Ended(Asked: true));

    private static readonly LifeEvent[] FailedStart = [new LifeEvent.Failed(StartFailure.Silent), new LifeEvent.Ended(Asked: true)];


    private static LifeEvent.Started Started(GenerationReference generation) => new LifeEvent.Started(generation);

    private static LifeEvent.Ran Ran(double minutes) => new LifeEvent.Ran(TimeSpan.FromMinutes(minutes), Window);

    private static Life Happened(Life life, params IEnumerable<LifeEvent> events) => events.Aggregate(life, LifeRule.After);

    private static Life FailedTwice(Life life, GenerationReference generation) =>
        Happened(life, [Started(generation), .. FailedStart, Started(generation), .. FailedStart]);

    private static Dictionary<string, ImageState> Whole(params GenerationReference[] generations) => generations.ToDictionary(g => g.ManifestDigest, _ => ImageState.Complete, StringComparer.Ordinal);

    private static GenerationReference? Choose(Life life, GenerationReference wanted, bool asked = false) => LifeRule.Choose(life, wanted, Whole(Six, Seven, Eight), asked);

    private static StartVerdict Judge(Life life, int panics = 0, ScreenMotion? screen = null) => LifeRule.Judge(life, panics, screen ?? Still, Window);

    [Fact]
    public void A_prepared_generation_is_used_at_the_next_start()
    {
        Assert.Equal(Seven, Choose(OnSix, Seven));
        var sevenIsComing = new Dictionary<string, ImageState>(Whole(Six), StringComparer.Ordinal) { [Seven.ManifestDigest] = ImageState.Open };
        Assert.Equal(Six, LifeRule.Choose(OnSix, Seven, sevenIsComing, asked: false));
    }

    [Fact]
    public void The_first_heartbeat_commits_and_keeps_the_one_before()
    {
        var trial = Happened(OnSix, Started(Seven));
        Assert.Equal((Six, GenerationHealth.OnTrial), (trial.Good, LifeRule.Health(trial, Seven)));
        var committed = Happened(trial, new LifeEvent.Answered());
        Assert.Equal((Seven, GenerationHealth.Well), (committed.Good, LifeRule.Health(committed, Seven)));
        Assert.Equal([Six], committed.Kept);
    }

    [Fact]
    public void A_start_has_failed_after_ten_minutes_of_running_without_a_heartbeat_and_not_before()
    {
        Assert.Equal(StartVerdict.None, Judge(Happened(OnSix, Started(Seven), Ran(9.9))));
        Assert.Equal(StartVerdict.Silent, Judge(Happened(OnSix, Started(Seven), Ran(9.9), Ran(0.1))));
        Assert.Equal(StartVerdict.None, Judge(Happened(OnSix, Started(Seven), Ran(9), new LifeEvent.Answered(), Ran(10))));
    }

    [Fact]
    public void Time_that_is_not_running_time_is_never_counted_because_nobody_tells_of_it() =>
        Assert.Equal(TimeSpan.Zero, Happened(OnSix, Started(Seven), new LifeEvent.Ran(TimeSpan.FromSeconds(-5), Window)).Attempt!.Ran);

    [Fact]
    public void Three_guest_panics_are_a_failed_start_and_two_are_not()
    {
        var started = Happened(OnSix, Started(Seven), Ran(1));
        Assert.Equal(StartVerdict.None, Judge(started, panics: 2));
        Assert.Equal(StartVerdict.Panicked, Judge(started, panics: 3));
        Assert.Equal(StartVerdict.Panicked, Judge(Happened(started, new LifeEvent.Answered()), panics: 3));
    }

    [Fact]
    public void A_stop_by_user_lid_battery_or_host_is_no_failed_start_and_its_time_is_forgotten()
    {
        var life = OnSix;
        for (var i = 0; i < 20; i++)
        {
            life = Happened(life, Started(Seven), Ran(9), new LifeEvent.Ended(Asked: true));
            Assert.Equal((0, StartVerdict.None), (life.FailuresOf(Seven), Judge(life)));
        }

        Assert.Equal(Seven, Choose(life, Seven));
    }

    [Fact]
    public void A_guest_that_switches_itself_off_for_ever_is_found_out_by_its_running_time()
    {
        var life = OnSix;
        for (var i = 0; i < 4; i++)
        {
            life = Happened(life, Started(Seven), Ran(2.4), new LifeEvent.Ended(Asked: false));
            Assert.Equal(StartVerdict.None, Judge(life));
        }

        Assert.Equal(StartVerdict.Silent, Judge(Happened(life, Started(Seven), Ran(0.4))));
        Assert.Equal(TimeSpan.Zero, Happened(life, Started(Six)).Attempt!.Ran);
    }

    [Fact]
    public void One_failed_start_is_tried_again_and_two_go_back_to_the_generation_before()
    {
        var once = Happened(OnSix, [Started(Seven), .. FailedStart]);
        Assert.Equal((Seven, 1), (Choose(once, Seven), once.FailuresOf(Seven)));
        var twice = Happened(once, [Started(Seven), .. FailedStart]);
        Assert.Equal((Six, GenerationHealth.RolledBack), (Choose(twice, Seven), LifeRule.Health(twice, Seven)));
    }

    [Fact]
    public void A_refused_generation_is_not_started_again_whoever_asks()
    {
        var refused = FailedTwice(OnSix, Seven);
        Assert.True(refused.IsRefused(Seven));
        Assert.Equal(Six, Choose(refused, Seven, asked: true));
        var running = Happened(refused, Started(Six), new LifeEvent.Answered(), Ran(10));
        Assert.Equal((Six, GenerationHealth.RolledBack), (Choose(running, Seven), LifeRule.Health(running, Seven)));
    }

    [Fact]
    public void A_refusal_outlives_a_roll_back_that_is_undone_and_does_not_touch_the_next_generation()
    {
        var refused = FailedTwice(OnSix, Seven);
        Assert.Equal(Eight, Choose(refused, Eight));
        var back = Happened(refused, Started(Six), new LifeEvent.Answered(), Ran(10), new LifeEvent.Ended(Asked: true));
        Assert.Equal((true, Six), (back.IsRefused(Seven), Choose(back, Seven)));
    }

    [Fact]
    public void A_refusal_ends_when_an_administrator_orders_try_again() =>
        Assert.Equal(Seven, Choose(Happened(FailedTwice(OnSix, Seven), new LifeEvent.TryAgain()), Seven));

    [Fact]
    public void A_living_screen_behind_silent_tools_is_degraded_and_not_gone_back_from()
    {
        var late = Happened(OnSix, Started(Seven), Ran(10));
        Assert.Equal(StartVerdict.Degraded, Judge(late, screen: Moving));
        var degraded = Happened(late, new LifeEvent.LookedAlive());
        Assert.Equal((StartVerdict.None, GenerationHealth.Degraded, 0), (Judge(degraded), LifeRule.Health(degraded, Seven), degraded.FailuresOf(Seven)));
        Assert.Equal(Six, degraded.Good);
        Assert.Equal(Seven, Happened(degraded, new LifeEvent.Answered()).Good);
    }

    [Fact]
    public void A_screen_nobody_has_looked_at_is_waited_for() =>
        Assert.Equal(StartVerdict.None, Judge(Happened(OnSix, Started(Seven), Ran(11)), screen: new ScreenMotion(2, null, HasMoved: false)));

    [Fact]
    public void A_PC_whose_generation_before_fails_too_is_a_fault_and_starts_nothing_by_itself()
    {
        var fault = FailedTwice(FailedTwice(OnSix, Seven), Six);
        Assert.Equal(GenerationHealth.PcFault, LifeRule.Health(fault, Seven));
        Assert.Null(Choose(fault, Seven));
        Assert.Equal(Six, Choose(fault, Seven, asked: true));
    }

    [Fact]
    public void A_PC_fault_tries_a_new_generation_and_ends_with_a_heartbeat()
    {
        var fault = FailedTwice(FailedTwice(OnSix, Seven), Six);
        Assert.Equal(Eight, Choose(fault, Eight));
        var well = Happened(fault, Started(Eight), new LifeEvent.Answered());
        Assert.Equal((GenerationHealth.Well, Eight), (LifeRule.Health(well, Eight), well.Good));
        Assert.Equal(GenerationHealth.RolledBack, LifeRule.Health(Happened(fault, Started(Six), new LifeEvent.Answered()), Seven));
    }

    [Fact]
    public void A_generation_that_answered_here_for_long_and_fails_now_is_a_PC_fault() =>
        Assert.Equal(GenerationHealth.PcFault, LifeRule.Health(FailedTwice(OnSix, Six), Six));

    [Fact]
    public void A_generation_that_answers_and_then_panics_goes_back_like_one_on_trial()
    {
        LifeEvent[] answersAndPanics = [Started(Seven), new LifeEvent.Answered(), Ran(0.5), new LifeEvent.Failed(StartFailure.Panicked), new LifeEvent.Ended(Asked: true)];
        var back = Happened(OnSix, [.. answersAndPanics, .. answersAndPanics]);
        Assert.Equal((Six, GenerationHealth.RolledBack), (Choose(back, Seven), LifeRule.Health(back, Seven)));
        Assert.Equal(GenerationHealth.PcFault, LifeRule.Health(FailedTwice(back, Six), Seven));
    }

    [Fact]
    public void Without_a_generation_before_a_PC_is_stuck_and_says_so()
    {
        var stuck = FailedTwice(Life.None, Seven);
        Assert.Equal(GenerationHealth.Stuck, LifeRule.Health(stuck, Seven));
        Assert.Null(Choose(stuck, Seven, asked: true));
    }

    [Fact]
    public void Only_as_many_generations_are_kept_as_are_asked_for()
    {
        var life = Life.None;
        foreach (var number in (int[])[1, 2, 3, 4])
        {
            life = Happened(life, Started(Sample.Generation(number)), new LifeEvent.Answered(), new LifeEvent.Ended(Asked: true), new LifeEvent.Keeps(2));
        }

        Assert.Equal([Sample.Generation(3), Sample.Generation(2)], life.Kept);
        Assert.Equal([Sample.Generation(3)], Happened(life, new LifeEvent.Keeps(1)).Kept);
    }

    [Fact]
    public void A_PC_ordered_back_to_an_older_generation_uses_it_and_keeps_the_newer()
    {
        var onSeven = Happened(OnSix, Started(Seven), new LifeEvent.Answered(), Ran(10), new LifeEvent.Ended(Asked: true));
        Assert.Equal(Six, Choose(onSeven, Six));
        var back = Happened(onSeven, Started(Six), new LifeEvent.Answered());
        Assert.Equal((Six, Seven), (back.Good, Assert.Single(back.Kept)));
    }

    [Fact]
    public void A_verdict_is_given_once_for_a_start()
    {
        var failed = Happened(OnSix, Started(Seven), Ran(10), new LifeEvent.Failed(StartFailure.Silent), new LifeEvent.Failed(StartFailure.Silent), new LifeEvent.Answered());
        Assert.Equal((1, StartVerdict.None, Six), (failed.FailuresOf(Seven), Judge(failed, panics: 3), failed.Good));
    }
}
