namespace Caisson.Installing;

public enum PartitionRole
{
    Esp,
    Root,
    Verity,

    /// <summary>Slot B: the next version comes here.</summary>
    Spare,

    /// <summary>Left blank: the first start encrypts it.</summary>
    Data,
}

/// <param name="Attributes">In sfdisk's words; empty is none.</param>
public sealed record NewPartition(PartitionRole Role, Extent Extent, Guid TypeId, Guid Id, string Name, string Attributes);

/// <summary>All that will be done to a disk, decided before a byte is written.</summary>
public sealed record InstallPlan
{
    public required Disk Disk { get; init; }

    public required InstallMode Mode { get; init; }

    /// <summary>Of the whole disk's table; only written where the disk is erased.</summary>
    public required Guid DiskId { get; init; }

    /// <summary>Partitions of an earlier installation that was never started, to be taken away first. Empty where the disk is erased.</summary>
    public required IReadOnlyList<Partition> Replaced { get; init; }

    public required IReadOnlyList<NewPartition> Partitions { get; init; }

    /// <summary>What is on the disk and will be lost, in words.</summary>
    public required IReadOnlyList<string> Lost { get; init; }

    /// <summary>What is on the disk and stays, in words.</summary>
    public required IReadOnlyList<string> Kept { get; init; }

    /// <summary>Sentences that are no reason to refuse.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    public NewPartition this[PartitionRole role] => Partitions.First(p => p.Role == role);
}

/// <param name="Code">To search for: the pages of docs/howto/install.md name it.</param>
/// <param name="Sentence">What is in the way, and what to do.</param>
public sealed record Refusal(string Code, string Sentence)
{
    public override string ToString() => $"{Sentence} ({Code})";
}

public abstract record PlanOutcome
{
    private PlanOutcome()
    {
    }

    public sealed record Planned(InstallPlan Plan) : PlanOutcome;

    public sealed record Refused(IReadOnlyList<Refusal> Reasons) : PlanOutcome;
}
