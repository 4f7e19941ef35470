using System.Runtime.InteropServices;
using Caisson.FileSystems;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Endpoint.Appliance;

/// <summary>A block device, or a part of a file that stands for one. Every access is checked against its end.</summary>
internal sealed partial class DiskRegion : IReadableDisk, IDisposable
{
    private const int DontNeed = 4;

    private readonly SafeFileHandle _file;
    private readonly long _offset;

    /// <param name="bytes">Given by the caller: a block device does not say its size as a file does.</param>
    public DiskRegion(string path, long offset, long bytes, FileAccess access)
    {
        _file = File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite);
        (_offset, Bytes) = (offset, bytes);
    }

    public long Bytes { get; }

    public void Read(long offset, Span<byte> buffer)
    {
        Check(offset, buffer.Length);
        while (buffer.Length > 0)
        {
            var got = RandomAccess.Read(_file, buffer, _offset + offset);
            if (got == 0)
            {
                throw new IOException($"The disk ends at byte {_offset + offset}, where more was expected.");
            }

            buffer = buffer[got..];
            offset += got;
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> bytes)
    {
        Check(offset, bytes.Length);
        RandomAccess.Write(_file, bytes, _offset + offset);
    }

    /// <summary>Durable on return, and forgotten by the page cache: what is read next comes from the disk.</summary>
    public void Flush()
    {
        RandomAccess.FlushToDisk(_file);
        _ = Advise(_file, _offset, Bytes, DontNeed); // Advice: where it is not taken, the cache is read.
    }

    public void Dispose() => _file.Dispose();

    private void Check(long offset, int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Bytes - offset);
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long bytes, int advice);
}
