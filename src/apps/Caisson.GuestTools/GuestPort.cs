using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Caisson.GuestTools;

internal enum SendResult
{
    Sent,

    /// <summary>Nobody on the host's side, or its buffer is full: try again later.</summary>
    NotNow,

    /// <summary>The port is gone or unusable: open it again.</summary>
    Lost,
}

/// <summary>
/// The guest's end of the virtio-serial port. Opened so that a write never blocks: with nobody on the host's side the kernel
/// would hold a blocking writer for ever, and with it the guest's shutdown.
/// </summary>
internal sealed partial class GuestPort : IDisposable
{
    // Values of Linux on amd64 and arm64 (asm-generic/fcntl.h, errno.h).
    private const int WriteOnly = 0x1;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int Again = 11;
    private const int Interrupted = 4;

    private readonly SafeFileHandle handle;

    private GuestPort(SafeFileHandle handle) => this.handle = handle;

    /// <summary>
    /// The device of the port called <paramref name="name"/>, or null while there is none. Looks in sysfs and not at udev's link
    /// below /dev/virtio-ports, because udev comes later in a boot.
    /// </summary>
    public static string? Find(string name, string sysFolder = "/sys/class/virtio-ports", string deviceFolder = "/dev")
    {
        if (!Directory.Exists(sysFolder))
        {
            return null;
        }

        return Directory.EnumerateFileSystemEntries(sysFolder)
            .Order(StringComparer.Ordinal)
            .Where(port => FactFolder.FirstLine(Path.Combine(port, "name")) == name)
            .Select(port => Path.Combine(deviceFolder, Path.GetFileName(port)))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>Null when the device cannot be opened now: another program holds it, or it has just gone.</summary>
    public static GuestPort? TryOpen(string device)
    {
        var descriptor = Open(device, WriteOnly | NonBlocking | CloseOnExec);
        return descriptor < 0 ? null : new GuestPort(new SafeFileHandle(descriptor, ownsHandle: true));
    }

    public SendResult TrySend(ReadOnlySpan<byte> line)
    {
        while (!line.IsEmpty)
        {
            var written = Write(handle, line, line.Length);
            if (written > 0)
            {
                line = line[(int)written..];
                continue;
            }

            switch (Marshal.GetLastPInvokeError())
            {
                case Interrupted: continue;
                case Again: return SendResult.NotNow;
                default: return SendResult.Lost;
            }
        }

        return SendResult.Sent;
    }

    public void Dispose() => handle.Dispose();

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial nint Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, nint count);
}
