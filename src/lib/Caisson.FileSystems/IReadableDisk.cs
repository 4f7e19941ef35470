namespace Caisson.FileSystems;

/// <summary>A disk, or a part of one, whose bytes can be read at any place. One thread at a time.</summary>
public interface IReadableDisk
{
    /// <summary>Bytes of the whole disk.</summary>
    long Bytes { get; }

    /// <summary>Fills all of <paramref name="buffer"/>. The caller stays inside <see cref="Bytes"/>.</summary>
    void Read(long offset, Span<byte> buffer);
}

/// <summary>A run of bytes of a disk.</summary>
/// <param name="Offset">From the beginning of the disk, in bytes.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct ByteRange(long Offset, long Bytes)
{
    public long End => Offset + Bytes;
}
