namespace Caisson.Slots.Tests;

/// <summary>A sentence of the rule each.</summary>
public sealed class UpdateRuleTests
{
    private static readonly DateTimeOffset Yesterday = new(2026, 11, 23, 8, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_offered_is_nothing_to_do() => Assert.Equal(new UpdateStep.Rest(null), UpdateRule.Next(Sample.Facts()));

    [Fact]
    public void The_version_that_runs_is_not_written_again() =>
        Assert.Equal(new UpdateStep.Rest(null), UpdateRule.Next(Sample.Facts() with { Offered = Sample.Release(5) }));

    [Fact]
    public void An_entry_whose_tries_are_used_up_is_remembered_before_anything_else()
    {
        var facts = Sample.Facts(new BootEntry(5), new BootEntry(6, 0, 2)) with { Floor = 4, Offered = Sample.Release(7) };
        Assert.Equal(6, Assert.IsType<UpdateStep.Remember>(UpdateRule.Next(facts)).Version);
    }

    [Fact]
    public void A_failure_that_is_known_already_keeps_its_reason()
    {
        var facts = Sample.Facts(new BootEntry(5), new BootEntry(6, 0, 1)) with { Refused = [new(6, "It did not reach the control plane.", Yesterday)] };
        Assert.Equal(new UpdateStep.Rest(null), UpdateRule.Next(facts));
    }

    [Fact]
    public void A_version_that_failed_is_refused_with_its_reason()
    {
        var facts = Sample.Facts() with { Refused = [new(6, "It did not reach the control plane.", Yesterday)], Offered = Sample.Release(6) };
        Assert.Contains("did not reach the control plane", Assert.IsType<UpdateStep.Refuse>(UpdateRule.Next(facts)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_floor_is_raised_only_once_the_version_is_good()
    {
        Assert.Equal(new UpdateStep.RaiseFloor(5), UpdateRule.Next(Sample.Facts() with { Floor = 4 }));
        Assert.Equal(new UpdateStep.Rest(null), UpdateRule.Next(Sample.Facts(new BootEntry(5, 1, 1), new BootEntry(4)) with { Floor = 4 }));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(1)]
    public void An_older_version_is_refused(int version) => Assert.IsType<UpdateStep.Refuse>(UpdateRule.Next(Sample.Facts() with { Offered = Sample.Release(version) }));

    [Fact]
    public void A_version_at_the_floor_is_refused_by_a_PC_that_fell_below_it() =>
        Assert.IsType<UpdateStep.Refuse>(UpdateRule.Next(Sample.Facts() with { Floor = 6, Offered = Sample.Release(6) }));

    [Fact]
    public void A_version_that_does_not_fit_is_refused() =>
        Assert.IsType<UpdateStep.Refuse>(UpdateRule.Next(Sample.Facts() with { Offered = Sample.Release(6) with { RootBytes = (1 << 20) + 1 } }));

    [Fact]
    public void A_version_with_the_running_ones_root_is_refused() =>
        Assert.IsType<UpdateStep.Refuse>(UpdateRule.Next(Sample.Facts() with { Offered = Sample.Release(6) with { Root = Sample.Hash(5) } }));

    [Fact]
    public void While_the_running_version_is_on_trial_the_other_slot_is_not_touched() =>
        Assert.IsType<UpdateStep.Refuse>(UpdateRule.Next(Sample.Facts(new BootEntry(5, 1, 1), new BootEntry(4)) with { Floor = 4, Offered = Sample.Release(6) }));

    [Fact]
    public void The_entry_of_the_spare_slot_goes_first() =>
        Assert.Equal(new UpdateStep.RemoveEntry(new BootEntry(4)), UpdateRule.Next(Sample.Facts(new BootEntry(4), new BootEntry(5)) with { Offered = Sample.Release(6) }));

    [Fact]
    public void Then_the_slot_is_filled_and_then_named_and_the_entry_comes_last()
    {
        var facts = Sample.Facts() with { Offered = Sample.Release(6) };
        Assert.Equal(new UpdateStep.FillSpare(), UpdateRule.Next(facts));
        facts = facts with { SpareHolds = Sample.Hash(6) };
        Assert.Equal(new UpdateStep.NameSpare(), UpdateRule.Next(facts));
        facts = facts with { Slots = facts.Slots with { Spare = Sample.Slot('B', 6) } };
        Assert.Equal(new UpdateStep.AddEntry(new BootEntry(6, UpdateRule.Tries)), UpdateRule.Next(facts));
        facts = facts with { Entries = [new BootEntry(5), new BootEntry(6, UpdateRule.Tries)] };
        Assert.Equal(new UpdateStep.Rest(6), UpdateRule.Next(facts));
    }

    [Fact]
    public void A_slot_that_is_named_but_was_not_read_since_is_read_again() =>
        Assert.Equal(new UpdateStep.FillSpare(), UpdateRule.Next(Sample.Facts() with { Slots = new SlotPair(Sample.Slot('A', 5), Sample.Slot('B', 6)), Offered = Sample.Release(6) }));

    [Fact]
    public void A_newer_version_takes_the_place_of_one_that_waits() =>
        Assert.Equal(new UpdateStep.RemoveEntry(new BootEntry(6, 2)), UpdateRule.Next(Sample.Facts(new BootEntry(5), new BootEntry(6, 2)) with { Slots = new SlotPair(Sample.Slot('A', 5), Sample.Slot('B', 6)), Offered = Sample.Release(7) }));

    [Fact]
    public void A_full_ESP_is_said_and_not_filled() =>
        Assert.IsType<UpdateStep.Refuse>(UpdateRule.Next(Sample.Facts() with { Slots = new SlotPair(Sample.Slot('A', 5), Sample.Slot('B', 6)), SpareHolds = Sample.Hash(6), EspFreeBytes = 1 << 20, Offered = Sample.Release(6) }));
}
