using Microsoft.Win32.SafeHandles;

namespace Caisson.FileSystems;

/// <summary>A raw disk in a file of this machine. The handle stays the caller's.</summary>
public sealed class DiskFile(SafeFileHandle file) : IReadableDisk
{
    public long Bytes { get; } = RandomAccess.GetLength(file);

    /// <exception cref="EndOfStreamException">The file has become shorter.</exception>
    public void Read(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(file, buffer, offset);
            if (got == 0)
            {
                throw new EndOfStreamException($"The file ends at byte {offset}, where more was expected; something else has cut it.");
            }

            buffer = buffer[got..];
            offset += got;
        }
    }
}
