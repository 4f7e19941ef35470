using Caisson.Protocol;

namespace Caisson.Machines.Tests;

public sealed class LimitsTests
{
    [Fact]
    public void Work_has_twice_the_weight_of_Personal_and_each_has_an_end_of_memory()
    {
        Assert.Equal(["CPUWeight=200", "IOWeight=200", "MemoryMax=3584M"], ScopeLimits.Of(Specs.Managed));
        Assert.Equal(["CPUWeight=100", "IOWeight=100", "MemoryMax=3584M"], ScopeLimits.Of(Specs.Personal));
        Assert.Equal(["CPUWeight=200", "IOWeight=200", "MemoryMax=1344M"], ScopeLimits.Of(Specs.Tiny));
    }

    [Fact]
    public void What_is_set_counts_and_nothing_set_can_break_a_start()
    {
        var limits = new WorkspaceLimits { CpuWeight = 50, CpuPercent = 150, IoWeight = 20_000, MemoryMaxMiB = 1 };
        Assert.Equal(["CPUWeight=50", "IOWeight=10000", "MemoryMax=2048M", "CPUQuota=150%"], ScopeLimits.Of(Specs.Managed with { Limits = limits }));
        Assert.Contains("CPUQuota=1%", ScopeLimits.Of(Specs.Managed with { Limits = new WorkspaceLimits { CpuPercent = -3, CpuWeight = 0 } }));
    }
}
