using CsCheck;

namespace Caisson.Slots.Tests;

/// <summary>The power goes at every moment of an update, and again while it is taken up.</summary>
public sealed class PowerCutTests
{
    [Fact]
    public void After_every_cut_the_loader_chooses_a_slot_that_is_whole_and_the_update_ends_all_the_same()
    {
        foreach (var start in Starts())
        {
            foreach (var first in Cuts(start, offered: 6))
            {
                Assert.True(first.IsChoiceWhole);
                foreach (var second in Cuts(first with { SpareHolds = null }, offered: 6))
                {
                    Assert.True(second.IsChoiceWhole);
                    var pc = Finish(second with { SpareHolds = null }, offered: 6).Boot(_ => true);
                    Assert.Equal(6, pc.Running);
                    Assert.Equal(6, Finish(pc, offered: 6).Floor);
                }
            }
        }
    }

    [Fact]
    public void A_bad_version_leads_back_to_the_old_one_and_is_never_tried_again()
    {
        var pc = Finish(new SimulatedPc(), offered: 6).Boot(version => version != 6);
        Assert.Equal(5, pc.Running);
        pc = Finish(pc, offered: 6);
        Assert.Equal([6], pc.Refused.Select(r => r.Version));
        Assert.Equal((5, 5), (pc.Boot(_ => true).Running, pc.Floor));
        Assert.Equal(7, Finish(pc, offered: 7).Boot(_ => true).Running);
    }

    /// <summary>Weeks of a PC's life: versions good and bad are offered, the power goes whenever it likes.</summary>
    [Fact]
    public void Whatever_is_offered_and_whenever_the_power_goes_a_good_version_runs() =>
        Gen.Select(Gen.Int[5, 12], Gen.Bool, Gen.Int[0, 30]).List[1, 12].Sample(days =>
        {
            var (pc, bad) = (new SimulatedPc(), days.Where(d => d.Item1 > 5 && !d.Item2).Select(d => d.Item1).ToHashSet());
            foreach (var (offered, _, cutAfter) in days)
            {
                pc = Cut(pc, offered, cutAfter).Boot(version => !bad.Contains(version));
                Assert.DoesNotContain(pc.Running, bad);
                Assert.True(pc.IsChoiceWhole || pc.Choice.Version != pc.Running);
            }
        });

    private static IEnumerable<SimulatedPc> Starts() =>
    [
        new SimulatedPc(),
        new SimulatedPc { Holds = [5, 4], Names = [5, 4], Esp = [new BootEntry(4), new BootEntry(5)] },
        new SimulatedPc { Holds = [4, 5], Names = [4, 5], Esp = [new BootEntry(4, 0, 2), new BootEntry(5)] },
        new SimulatedPc { Holds = [5, null], Names = [5, 3], Floor = 4 },
    ];

    /// <summary>Every state that a cut somewhere on the way may leave, and the end.</summary>
    private static IEnumerable<SimulatedPc> Cuts(SimulatedPc pc, int offered)
    {
        while (true)
        {
            var step = UpdateRule.Next(pc.Facts(offered));
            if (step is UpdateStep.Rest or UpdateStep.Refuse)
            {
                yield return pc;
                yield break;
            }

            var states = pc.During(step, offered);
            foreach (var state in states)
            {
                yield return state;
            }

            pc = states[^1];
        }
    }

    private static SimulatedPc Finish(SimulatedPc pc, int offered) => Cuts(pc, offered).Last();

    private static SimulatedPc Cut(SimulatedPc pc, int offered, int after)
    {
        var states = Cuts(pc, offered).ToList();
        return states[Math.Min(after, states.Count - 1)];
    }
}
