using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>The system calls .NET has no name for. Each turns errno into an <see cref="IOException"/> here.</summary>
internal static partial class Posix
{
    private const int SeekData = 3;
    private const int SeekHole = 4;
    private const int NoSuchAddress = 6;
    private const int WouldBlock = 11;
    private const int NoSpace = 28;
    private const int FileTooLarge = 27;
    private const int OverQuota = 122;
    private const int EmptyPath = 0x1000;
    private const uint BasicStatus = 0x7ff;
    private const int ReadOnlyFileSystem = 30;
    private const int ReadOnlyDirectory = 0x10000 | 0x80000;
    private const int ReadOnlyPlain = 0x800 | 0x20000 | 0x80000; // O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC
    private const int CallingThread = 0;
    private const int BackgroundNice = 15;
    private const ulong FileCloneRange = 0x4020940D;
    private const int AdviceDontNeed = 4;
    private const int PriorityProcess = 0;
    private const int LowestNice = 19;

    // linux/ioprio.h; the number of the call is that of x86-64.
    private const long IoPrioritySet = 251;
    private const long IoPriorityWhoProcess = 1;
    private const long IoPriorityIdle = 3 << 13;

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

    /// <summary>Lets everything else on this machine go before the calling thread, for as long as it lives. Without the right to, nothing changes.</summary>
    public static void LowerThreadPriority() => _ = SetPriority(PriorityProcess, CallingThread, BackgroundNice);

    /// <summary>Copies a range to the same place of another file without bringing it into this process (copy_file_range(2)); falls back to reading and writing.</summary>
    public static void CopyRange(SafeFileHandle source, SafeFileHandle target, long offset, long length)
    {
        while (length > 0)
        {
            long from = offset, to = offset;
            var done = CopyFileRange(source, ref from, target, ref to, (nuint)Math.Min(length, 1 << 30), 0);
            if (done <= 0)
            {
                CopyThroughMemory(source, target, offset, length);
                return;
            }

            offset += done;
            length -= done;
        }
    }

    /// <summary>Forgets clean pages of a range, so that the next read comes from the medium (posix_fadvise(2)); a hint.</summary>
    public static void DropCached(SafeFileHandle file, long offset, long length) => _ = Advise(file, offset, length, AdviceDontNeed);

    /// <summary>
    /// The calling thread gives way to every other: idle I/O class, lowest nice (ioprio_set(2), setpriority(2); both of one thread on Linux). For a
    /// thread that ends with its work; refused where the system refuses, and then it merely runs as others do.
    /// </summary>
    public static void MakeThreadIdle()
    {
        _ = SystemCall(IoPrioritySet, IoPriorityWhoProcess, 0, IoPriorityIdle);
        _ = SetPriority(PriorityProcess, CallingThread, LowestNice);
    }

    /// <summary>Disk full, over quota, or above the size a file may have.</summary>
    public static bool IsNoSpace(IOException e) => e.HResult is NoSpace or OverQuota or FileTooLarge;

    /// <summary>Another process or thread holds the file (flock(2): "EWOULDBLOCK").</summary>
    public static bool IsHeld(IOException e) => e.HResult == WouldBlock;

    /// <summary>The file system is mounted read-only.</summary>
    public static bool IsReadOnly(IOException e) => e.HResult == ReadOnlyFileSystem;

    /// <summary>What changes when a file is replaced or written: device, inode, size, and the times of its last write and change (statx(2)).</summary>
    public static string Identity(SafeFileHandle file)
    {
        // struct statx is the same on every architecture: stx_ino 32, stx_size 40, stx_ctime 96, stx_mtime 112, stx_dev 136.
        Span<byte> status = stackalloc byte[256];
        if (Status(file, "", EmptyPath, BasicStatus, status) != 0)
        {
            throw Failure("statx");
        }

        return $"{Convert.ToHexStringLower(status[136..144])}-{Convert.ToHexStringLower(status[32..48])}-{Convert.ToHexStringLower(status[96..108])}-{Convert.ToHexStringLower(status[112..124])}";
    }

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

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(SafeFileHandle directory, string path, int flags, uint mask, Span<byte> status);
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, ulong request, ref CloneRange argument);

    private static void CopyThroughMemory(SafeFileHandle source, SafeFileHandle target, long offset, long length)
    {
        var buffer = new byte[(int)Math.Min(length, 1 << 20)];
        while (length > 0)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(length, buffer.Length));
            RawFile.Read(source, offset, part);
            RandomAccess.Write(target, part, offset);
            offset += part.Length;
            length -= part.Length;
        }
    }

    [LibraryImport("libc", EntryPoint = "copy_file_range", SetLastError = true)]
    private static partial nint CopyFileRange(SafeFileHandle source, ref long sourceOffset, SafeFileHandle target, ref long targetOffset, nuint length, uint flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long a, long b, long c);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, int who, int priority);

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
