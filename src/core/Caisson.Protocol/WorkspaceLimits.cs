namespace Caisson.Protocol;

/// <summary>How much of the PC a workspace may take; what is null follows its kind.</summary>
public sealed record WorkspaceLimits
{
    /// <summary>Share of the processors when they are short, 1 to 10000: twice the weight, twice the time.</summary>
    public int? CpuWeight { get; init; }

    /// <summary>The most it gets even when nobody else wants it, in per cent of one processor; null is no end.</summary>
    public int? CpuPercent { get; init; }

    /// <summary>Share of the disk when it is short, 1 to 10000.</summary>
    public int? IoWeight { get; init; }

    /// <summary>The most memory QEMU may take, the guest's own included, in MiB; past it the workspace is ended before another suffers.</summary>
    public int? MemoryMaxMiB { get; init; }
}
