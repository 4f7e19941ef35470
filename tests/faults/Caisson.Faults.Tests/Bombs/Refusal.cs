namespace Caisson.Faults.Tests.Bombs;

/// <summary>A refusal that costs next to nothing.</summary>
internal static class Refusal
{
    /// <summary>What one may allocate: some times the largest unit, far below what the input asks.</summary>
    private const long MostBytes = 48L << 20;

    /// <summary>The same for the whole process, with what other tests take meanwhile: zstd's own memory is not the collector's.</summary>
    private const long MostResidentBytes = 512L << 20;

    public static void Of<T>(Action parse)
        where T : Exception
    {
        var (managed, resident) = (GC.GetAllocatedBytesForCurrentThread(), Environment.WorkingSet);
        Assert.Throws<T>(parse);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - managed, 0, MostBytes);
        Assert.InRange(Environment.WorkingSet - resident, long.MinValue, MostResidentBytes);
    }
}
