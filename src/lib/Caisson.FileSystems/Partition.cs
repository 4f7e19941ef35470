namespace Caisson.FileSystems;

/// <summary>A part of a disk that its table names; or the whole disk where it has none.</summary>
/// <param name="Number">As Linux counts them, from 1; 0 for a whole disk without a table.</param>
/// <param name="Offset">First byte on the disk.</param>
/// <param name="Type">GPT: the type's GUID; MBR: two hex digits; empty for a whole disk.</param>
/// <param name="Name">The GPT's name; often empty.</param>
public sealed record Partition(int Number, long Offset, long Bytes, string Type, string Name)
{
    /// <summary>The GPT's own id of this partition, which the system that boots from it looks for; empty in an MBR.</summary>
    public Guid Id { get; init; }

    public DiskPart On(IReadableDisk disk) => new(disk, Offset, Bytes);
}
