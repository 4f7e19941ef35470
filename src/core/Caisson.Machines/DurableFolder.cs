using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Machines;

/// <summary>fsync(2) of a folder, for which .NET has no name: without it a rename may be undone by a power cut.</summary>
public static partial class DurableFolder
{
    /// <summary>O_DIRECTORY | O_CLOEXEC on Linux x86-64.</summary>
    private const int ReadOnlyDirectory = 0x10000 | 0x80000;

    /// <summary>Makes names created, renamed or removed in <paramref name="folder"/> durable.</summary>
    /// <exception cref="IOException">It could not be; what was renamed must not be relied upon. HResult is the errno.</exception>
    public static void Sync(string folder)
    {
        using var handle = Open(folder, ReadOnlyDirectory);
        if (handle.IsInvalid || SyncFile(handle) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            throw new IOException($"The folder '{folder}' could not be synced to disk: {Marshal.GetPInvokeErrorMessage(errno)}.", errno);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFile(SafeFileHandle file);
}
