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
    private const int ReadOnlyDirectory = 0x10000 | 0x80000;
    private const int ReadOnlyPlain = 0x800 | 0x20000 | 0x80000; // O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC
    private const ulong FileCloneRange = 0x4020940D;

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

    /// <summary>Opens a file of a foreign medium for reading: no symbolic link is followed, and a pipe of that name does not hold the caller.</summary>
    public static SafeFileHandle OpenPlainFile(string path)
    {
        var handle = OpenPath(path, ReadOnlyPlain);
        return handle.IsInvalid ? throw Failure($"opening {path}") : handle;
    }

    /// <summary>Makes a range of <paramref name="target"/> share a range of <paramref name="source"/> (FICLONERANGE). False where the file systems cannot.</summary>
    public static bool TryCloneRange(SafeFileHandle source, long sourceOffset, long length, SafeFileHandle target, long targetOffset)
    {
        var range = new CloneRange { SourceFile = source.DangerousGetHandle(), SourceOffset = sourceOffset, Length = length, TargetOffset = targetOffset };
        return IoControl(target, FileCloneRange, ref range) == 0;
    }

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

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, ulong request, ref CloneRange argument);

    /// <summary>struct file_clone_range of linux/fs.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct CloneRange
    {
        public long SourceFile;
        public long SourceOffset;
        public long Length;
        public long TargetOffset;
    }
}
