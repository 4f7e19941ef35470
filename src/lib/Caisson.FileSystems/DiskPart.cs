namespace Caisson.FileSystems;

/// <summary>A part of a disk, seen as a disk of its own.</summary>
public sealed class DiskPart : IReadableDisk
{
    private readonly IReadableDisk _whole;
    private readonly long _offset;

    public DiskPart(IReadableDisk whole, long offset, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, whole.Bytes - offset);
        (_whole, _offset, Bytes) = (whole, offset, bytes);
    }

    public long Bytes { get; }

    public void Read(long offset, Span<byte> buffer) => _whole.Read(_offset + offset, buffer);
}
