using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>The system calls .NET has no name for. Each turns errno into an <see cref="IOException"/> here.</summary>
internal static partial class Posix
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NoSuchAddress = 6;
    private const int NoSpace = 28;
    private const int FileTooLarge = 27;
    private const int OverQuota = 122;
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int ReadOnlyDirectory = 0x10000 | 0x80000;
    private const ulong FileClone = 0x40049409;

    /// <summary>Next run of data at or after <paramref name="from"/>; null if only a hole is left. The end may lie beyond the file's.</summary>
    public static (long Start, long End)? NextData(SafeFileHandle file, long from)
    {
        var start = Seek(file, from, SeekData);
        if (start < 0)
        {
            return Marshal.GetLastPInvokeError() == NoSuchAddress ? null : throw Failure("SEEK_DATA");
        }

        var end = Seek(file, start, SeekHole);
        return end < 0 ? throw Failure("SEEK_HOLE") : (start, end);
    }

    /// <summary>fdatasync(2): data and length are durable on return.</summary>
    public static void SyncData(SafeFileHandle file)
    {
        if (DataSync(file) != 0)
        {
            throw Failure("fdatasync");
        }
    }

    /// <summary>Makes names created, renamed or removed in a directory durable.</summary>
    public static void SyncDirectory(string directory)
    {
        using var handle = OpenPath(directory, ReadOnlyDirectory);
        if (handle.IsInvalid || FileSync(handle) != 0)
        {
            throw Failure($"fsync of {directory}");
        }
    }

    /// <summary>Gives a range's space back; it reads as zero. False where the file system cannot.</summary>
    public static bool TryPunchHole(SafeFileHandle file, long offset, long length) =>
        Allocate(file, PunchHole | KeepSize, offset, length) == 0;

    /// <summary>Makes <paramref name="target"/> share all extents of <paramref name="source"/> (FICLONE). False where the file system cannot.</summary>
    public static bool TryClone(SafeFileHandle source, SafeFileHandle target) =>
        IoControl(target, FileClone, source.DangerousGetHandle()) == 0;

    /// <summary>Disk full, over quota, or above the size a file may have.</summary>
    public static bool IsNoSpace(IOException e) => e.HResult is NoSpace or OverQuota or FileTooLarge;

    private static IOException Failure(string call)
    {
        var errno = Marshal.GetLastPInvokeError();
        return new IOException($"{call} failed: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
    }

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int DataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FileSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenPath(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    private static partial int Allocate(SafeFileHandle file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, ulong request, nint argument);
}
