namespace Caisson.Installing;

public enum InstallMode
{
    /// <summary>The whole disk, and all that is on it is lost.</summary>
    Erase,

    /// <summary>The free space of a disk whose partitions and boot entries stay as they are.</summary>
    Beside,
}

/// <summary>What somebody wants. <see cref="InstallPlanning"/> says whether it can be.</summary>
public sealed record Wishes
{
    public required DiskChoice Disk { get; init; }

    public required InstallMode Mode { get; init; }

    /// <summary>Findings of the probe that are no reason to refuse: KVM, memory, disk.</summary>
    public IReadOnlyList<string> Despite { get; init; } = [];
}

public abstract record DiskChoice
{
    private DiskChoice()
    {
    }

    /// <summary>A disk that was named may be erased with what it holds; one that was only described may not.</summary>
    public bool IsNamed => this is BySerial or ByPath;

    public sealed record BySerial(string Serial) : DiskChoice;

    /// <summary>Which disk has which path can change with every start: for a person who has just seen it.</summary>
    public sealed record ByPath(string Path) : DiskChoice;

    /// <summary>The largest built-in disk that holds nothing.</summary>
    public sealed record LargestEmpty : DiskChoice;

    /// <summary>The only built-in disk of that size.</summary>
    public sealed record BySize(long LeastBytes, long MostBytes) : DiskChoice;
}
