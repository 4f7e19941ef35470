using Caisson.Qmp;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Machines;

/// <summary>QEMU writes a stopped machine's memory into a file, or reads it from one; by name where it can, else through an open file we pass it.</summary>
internal static class MemoryFile
{
    private const string Name = "memory";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Begins the write; <see cref="QmpCommands.QueryMigrateAsync"/> says how it goes.</summary>
    public static async Task BeginWriteAsync(QmpClient qmp, string path, QemuCapabilities capabilities, CancellationToken cancellation)
    {
        // Made by us in either case, so that what the guest held is never readable by others, not even for a moment.
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.ReadWrite, UnixCreateMode = OwnerOnly });
        await qmp.MigrateWithoutLimitAsync(cancellation);
        await qmp.MigrateAsync(await UriAsync(qmp, path, file.SafeFileHandle, capabilities, cancellation), cancellation);
    }

    /// <summary>Begins the read into a QEMU that waits for it.</summary>
    public static async Task BeginReadAsync(QmpClient qmp, string path, QemuCapabilities capabilities, CancellationToken cancellation)
    {
        using var file = File.OpenHandle(path);
        await qmp.MigrateIncomingAsync(await UriAsync(qmp, path, file, capabilities, cancellation), cancellation);
    }

    private static async Task<string> UriAsync(QmpClient qmp, string path, SafeFileHandle file, QemuCapabilities capabilities, CancellationToken cancellation)
    {
        if (capabilities.MigratesByFileName)
        {
            return "file:" + path;
        }

        await qmp.PassFileAsync(Name, file, cancellation);
        return "fd:" + Name;
    }
}
