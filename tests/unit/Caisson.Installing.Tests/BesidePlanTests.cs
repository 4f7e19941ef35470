using CsCheck;
using static Caisson.Installing.Tests.Pcs;

namespace Caisson.Installing.Tests;

/// <summary>In the free space of a disk that somebody uses.</summary>
public sealed class BesidePlanTests
{
    private static readonly DiskChoice Choice = ByPath("/dev/nvme0n1");

    [Fact]
    public void It_takes_the_free_space_with_an_ESP_of_its_own_and_keeps_what_is_there()
    {
        var plan = Plan(new PcFacts { Disks = [Stick, Shared()] }, Choice, InstallMode.Beside);

        Assert.Equal((0, 2, 0), (plan.Lost.Count, plan.Kept.Count, plan.Replaced.Count));
        Assert.InRange(plan.Partitions[0].Extent.Start, (100 * GB) - MiB, (100 * GB) + MiB);
        Assert.NotEqual(Id(100), plan[PartitionRole.Esp].Id);
        Assert.DoesNotContain("label", PartitionScript.Of(plan), StringComparison.Ordinal);
    }

    [Fact]
    public void It_may_be_done_to_a_disk_that_was_only_described() =>
        Assert.Equal("/dev/nvme0n1", Plan(new PcFacts { Disks = [Shared()] }, new DiskChoice.BySize(200 * GB, 300 * GB), InstallMode.Beside).Disk.Path);

    [Fact]
    public void Too_little_free_space_is_refused()
    {
        Assert.Equal(["I-110"], Codes(Decide(new PcFacts { Disks = [Shared(taken: 253 * GB)] }, Choice, InstallMode.Beside)));
        Assert.Equal(["I-111"], Codes(Decide(new PcFacts { Disks = [Shared(taken: 240 * GB)] }, Choice, InstallMode.Beside)));
    }

    [Fact]
    public void Free_space_in_pieces_is_not_added_up()
    {
        var middle = new Partition(3, new Extent(176_000 * MiB, 20_000 * MiB), Id(7), Id(102), null, null, null);
        Assert.Equal(["I-110"], Codes(Decide(new PcFacts { Disks = [Shared(taken: 183 * GB, more: middle, bytes: 208 * GB)] }, Choice, InstallMode.Beside)));
    }

    [Fact]
    public void Only_a_GPT_is_shared()
    {
        Assert.Equal(["I-107"], Codes(Decide(new PcFacts { Disks = [Shared() with { Table = TableKind.Other, Usable = null }] }, Choice, InstallMode.Beside)));
        Assert.Equal(["I-107"], Codes(Decide(new PcFacts { Disks = [Empty()] }, ByPath("/dev/sda"), InstallMode.Beside)));
    }

    [Fact]
    public void A_disk_that_is_a_part_of_something_is_not_shared() =>
        Assert.Equal(["I-108"], Codes(Decide(new PcFacts { Disks = [Shared() with { Signatures = ["linux_raid_member"] }] }, Choice, InstallMode.Beside)));

    [Fact]
    public void A_second_Caisson_on_the_disk_is_refused() =>
        Assert.Contains("I-109", Codes(Decide(new PcFacts { Disks = [Installed("caisson-data")] }, ByPath("/dev/sda"), InstallMode.Beside)));

    [Fact]
    public void The_medium_is_not_shared_with_itself() =>
        Assert.Contains("I-104", Codes(Decide(new PcFacts { Disks = [Stick] }, ByPath("/dev/sdz"), InstallMode.Beside)));

    [Fact]
    public void A_rerun_after_a_cut_takes_its_own_leavings_away_and_gets_the_same_place()
    {
        var first = Plan(new PcFacts { Disks = [Shared()] }, Choice, InstallMode.Beside);
        var cut = Shared(more: first.Partitions.Select((p, n) => new Partition(n + 3, p.Extent, p.TypeId, p.Id, p.Name, null, null)));
        var again = Plan(new PcFacts { Disks = [cut] }, Choice, InstallMode.Beside);

        Assert.Equal([3, 4, 5, 6, 7, 8], again.Replaced.Select(p => p.Number));
        Assert.Equal(first.Partitions.Select(p => p.Extent), again.Partitions.Select(p => p.Extent));
        Assert.Equal(first.Kept, again.Kept);
    }

    [Fact]
    public void Only_six_partitions_in_our_order_are_our_leavings()
    {
        var whole = Installed(DiskLayout.DataBlankName);
        Assert.Equal(6, Unfinished.On(whole).Count);
        Assert.All(Enumerable.Range(0, 5), missing => Assert.Empty(Unfinished.On(whole with { Partitions = [.. whole.Partitions.Where((_, n) => n != missing)] })));
        Assert.Empty(Unfinished.On(whole with { Partitions = [.. whole.Partitions.Select(p => p with { TypeId = p.Number == 4 ? Id(9) : p.TypeId })] }));
        Assert.Empty(Unfinished.On(Installed("caisson-data")));
    }

    [Fact]
    public void On_whatever_disk_it_overlaps_nothing_and_lies_where_the_table_lets_it() =>
        Gen.Select(Gen.Int[40, 500], Gen.Int[0, 300].Array[0, 24]).Sample((size, cuts) =>
        {
            // Partitions between every second pair of random places, none of them aligned.
            var bytes = size * GB;
            var at = cuts.Select(c => (c * (bytes / 301)) + (17 * 512)).Where(c => c > 2 * MiB).Distinct().Order().ToList();
            var partitions = Enumerable.Range(0, at.Count / 2).Select(n => new Partition(n + 1, Extent.Between(at[2 * n], at[(2 * n) + 1]), Id(6), Id(200 + n), null, null, null)).ToList();
            var disk = Empty("/dev/nvme0n1", bytes) with { Table = TableKind.Gpt, Usable = Extent.Between(34 * 512, bytes - (33 * 512)), Partitions = partitions };
            if (Decide(new PcFacts { Disks = [disk] }, Choice, InstallMode.Beside) is PlanOutcome.Planned { Plan: var plan })
            {
                Assert.All(plan.Partitions, p => Assert.True(p.Extent.Start >= disk.Usable!.Start && p.Extent.End <= disk.Usable.End && p.Extent.Start % MiB == 0 && p.Extent.Bytes > 0));
                Assert.All(plan.Partitions.Select(p => p.Extent).Concat(partitions.Select(p => p.Extent)).OrderBy(e => e.Start).Pairs(), pair => Assert.True(pair.First.End <= pair.Second.Start));
            }
        });
}

internal static class Neighbours
{
    public static IEnumerable<(T First, T Second)> Pairs<T>(this IEnumerable<T> items)
    {
        var all = items.ToList();
        return all.Zip(all.Skip(1));
    }
}
