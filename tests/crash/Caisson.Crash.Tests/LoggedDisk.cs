using System.Diagnostics;
using System.Globalization;

namespace Caisson.Crash.Tests;

/// <summary>
/// A mounted file system all of whose writes are logged: a raw file, above it QEMU's blklogwrites, above that a FUSE export, on it a loop device.
/// No kernel module, no VM.
/// </summary>
internal sealed class LoggedDisk : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Process _daemon;
    private readonly WriteLog _log;
    private string? _device;

    private LoggedDisk(Process daemon, string mountPoint, string log)
    {
        (_daemon, MountPoint) = (daemon, mountPoint);
        _log = new WriteLog(log);
    }

    public string MountPoint { get; }

    /// <summary>Writes done so far.</summary>
    public int Position => _log.Count;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="image">The disk before the first write; it is written to.</param>
    /// <param name="log">Where the log goes.</param>
    public static async Task<LoggedDisk> MountAsync(FileSystem fileSystem, LabFolder folder, string image, string log)
    {
        var export = folder[$"{Path.GetFileName(image)}.export"];
        await File.Create(export).DisposeAsync();
        await File.Create(log).DisposeAsync();
        var pid = folder[$"{Path.GetFileName(image)}.pid"];
        var daemon = Tool.Start("qemu-storage-daemon",
        [
            "--blockdev", $"driver=file,node-name=disk,filename={image}",
            "--blockdev", $"driver=file,node-name=log,filename={log}",
            "--blockdev", "driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size=512,log-super-update-interval=1",
            "--export", $"fuse,id=export,node-name=logged,mountpoint={export},writable=on",
            "--pidfile", pid,
        ]);
        var disk = new LoggedDisk(daemon, folder.Make($"{Path.GetFileName(image)}.mount"), log);
        try
        {
            await WaitForAsync(daemon, pid);
            disk._device = (await Tool.RunAsync("losetup", "--show", "--find", export)).Trim();
            await fileSystem.MountAsync(disk._device, disk.MountPoint);
            return disk;
        }
        catch
        {
            await disk.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (await IsMountedAsync())
        {
            await Tool.UnmountAsync(MountPoint);
        }

        if (_device is not null)
        {
            await Tool.RunAsync("losetup", "--detach", _device);
        }

        _log.Dispose();
        if (!_daemon.HasExited)
        {
            await Tool.RunAsync("kill", _daemon.Id.ToString(CultureInfo.InvariantCulture));
            await _daemon.WaitForExitAsync(CancellationToken.None);
        }

        _daemon.Dispose();
    }

    private async Task<bool> IsMountedAsync() =>
        (await File.ReadAllLinesAsync("/proc/self/mounts", CancellationToken.None)).Any(line => line.Split(' ')[1] == MountPoint);

    /// <summary>The daemon writes its pid file once its exports stand.</summary>
    private static async Task WaitForAsync(Process daemon, string file)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!File.Exists(file))
        {
            if (daemon.HasExited || TimeProvider.System.GetElapsedTime(begun) > Patience)
            {
                throw new InvalidOperationException($"qemu-storage-daemon does not start: {(daemon.HasExited ? await daemon.StandardError.ReadToEndAsync(Token) : "no export yet")}");
            }

            await Task.Delay(10, Token);
        }
    }
}
