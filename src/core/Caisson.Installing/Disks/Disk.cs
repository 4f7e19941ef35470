namespace Caisson.Installing;

public enum TableKind
{
    None,
    Gpt,

    /// <summary>MBR and whatever else: the disk can be erased, but nothing is put beside what it has.</summary>
    Other,
}

/// <summary>One disk as it was found. Nothing here is a decision.</summary>
public sealed record Disk
{
    public required string Path { get; init; }

    public required long Bytes { get; init; }

    public string? Serial { get; init; }

    public string? Model { get; init; }

    public bool ReadOnly { get; init; }

    /// <summary>Comes by USB, or says itself that it can be taken out.</summary>
    public bool Removable { get; init; }

    /// <summary>The system that is running was started from it.</summary>
    public bool IsMedium { get; init; }

    public TableKind Table { get; init; }

    /// <summary>What a GPT lets partitions lie in; null without one.</summary>
    public Extent? Usable { get; init; }

    public IReadOnlyList<Partition> Partitions { get; init; } = [];

    /// <summary>File systems, volume groups, RAID members and the like on the disk itself, by the names libblkid gives them.</summary>
    public IReadOnlyList<string> Signatures { get; init; } = [];

    /// <summary>Its first mebibyte is all zeros or all ones, or there is a partition table that accounts for it.</summary>
    public bool BeginsBlank { get; init; } = true;
}

/// <param name="TypeId">Of a GPT; <see cref="Guid.Empty"/> elsewhere.</param>
/// <param name="Id">Its own, of a GPT.</param>
/// <param name="Content">What libblkid recognises in it, for example <c>ntfs</c>; null is nothing.</param>
public sealed record Partition(int Number, Extent Extent, Guid TypeId, Guid Id, string? Name, string? Content, string? Label);
