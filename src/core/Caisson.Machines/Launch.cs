using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Threading.Channels;
using Caisson.Qmp;

namespace Caisson.Machines;

/// <summary>From a spec to a running QEMU, and from what an earlier caissond left running back to one.</summary>
internal sealed class Launch(WorkspacePaths paths, QemuCapabilities capabilities, ChannelWriter<MachineEvent> events, TimeProvider time)
{
    private const long LongestProcessLog = 1024 * 1024;
    private static readonly TimeSpan MonitorLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ConnectPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Starts QEMU with its CPUs stopped. Undone as a whole when it fails or is cancelled.</summary>
    public async Task<MachineRun> StartAsync(WorkspaceSpec spec, CancellationToken cancellation)
    {
        paths.RequireShortSocketPaths();
        if (spec.OsBase is NbdBase nbd)
        {
            WorkspacePaths.RequireShortSocketPath(nbd.SocketPath);
        }

        if (FindRunning() is { } running)
        {
            throw new MachineException(MachineError.AlreadyRunning,
                $"Workspace {spec.Id} runs already as process {running.Pid.ToString(CultureInfo.InvariantCulture)}. Adopt it instead of starting it again.");
        }

        PrepareFolders();
        await Volumes.PrepareAsync(spec, paths, capabilities, cancellation);
        if (spec.Tpm)
        {
            await TpmProcess.StartAsync(spec, paths, capabilities, time, cancellation);
        }

        try
        {
            return await StartQemuAsync(spec, cancellation);
        }
        catch
        {
            FindRunning()?.Kill();
            if (capabilities.Swtpm is { } swtpm)
            {
                await TpmProcess.StopAsync(paths, swtpm, time, CancellationToken.None);
            }

            throw;
        }
    }

    /// <summary>Connects to the running machine of this workspace, or returns null when there is none.</summary>
    public async Task<MachineRun?> AdoptAsync(CancellationToken cancellation)
    {
        if (FindRunning() is not { } process)
        {
            return null;
        }

        var qmp = await ConnectAsync(() => !process.IsAlive(), cancellation);
        return new MachineRun(process, qmp, paths, events, time);
    }

    public static string LastLogLine(WorkspacePaths paths)
    {
        try
        {
            return Executables.LastLine(File.ReadAllText(paths.ProcessLog));
        }
        catch (IOException)
        {
            return "it said nothing";
        }
    }

    /// <summary>The live process of this workspace: of this boot, with the recorded start time, running the recorded executable.</summary>
    private ProcessIdentity? FindRunning() =>
        MachineRecord.Load(paths) is { } record && ProcessIdentity.ReadRecord(paths.ProcessRecord) is { } process
            && process.IsAlive() && (process.Runs(record.Executable) || process.Runs("/bin/sh"))
            ? process
            : null;

    private void PrepareFolders()
    {
        Directory.CreateDirectory(paths.StateDirectory, TpmProcess.OwnerOnly);
        Directory.CreateDirectory(paths.RunDirectory, TpmProcess.OwnerOnly);
        if (File.Exists(paths.SerialLog))
        {
            File.Move(paths.SerialLog, paths.PreviousSerialLog, overwrite: true);
        }

        File.Delete(paths.LastScreen);
        if (new FileInfo(paths.ProcessLog) is { Exists: true, Length: > LongestProcessLog } log)
        {
            log.Delete();
        }

        foreach (var socket in (string[])[paths.QmpSocket, paths.GuestSocket, paths.VncSocket])
        {
            File.Delete(socket);
        }
    }

    private async Task<MachineRun> StartQemuAsync(WorkspaceSpec spec, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var command = QemuCommandLine.From(spec, paths, capabilities);
        new MachineRecord { Spec = spec, Executable = command.Executable, StartedAt = now }.Save(paths);
        var unit = string.Create(CultureInfo.InvariantCulture, $"caisson-{spec.Id}-{now.ToUnixTimeMilliseconds()}");
        using var child = DetachedProcess.Start(unit, paths.ProcessLog, paths.ProcessRecord, command.Executable, command.Arguments);
        try
        {
            var qmp = await ConnectAsync(() => child.HasExited, cancellation);
            var process = ProcessIdentity.ReadRecord(paths.ProcessRecord)
                ?? throw new MachineException(MachineError.StartFailed, $"QEMU of workspace {spec.Id} left no record of its process in '{paths.ProcessRecord}'.");
            return new MachineRun(process, qmp, paths, events, time);
        }
        catch
        {
            KillChild(child);
            throw;
        }
    }

    private static void KillChild(Process child)
    {
        if (!child.HasExited)
        {
            child.Kill();
        }
    }

    private async Task<QmpClient> ConnectAsync(Func<bool> hasEnded, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (!hasEnded() && time.GetElapsedTime(started) < MonitorLimit)
        {
            try
            {
                using var limit = new CancellationTokenSource(MonitorLimit, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
                return await QmpClient.ConnectAsync(paths.QmpSocket, either.Token);
            }
            catch (Exception e) when (e is SocketException or QmpException or IOException)
            {
                // Not listening yet, or ended between listening and the end of its greeting; the latter shows in a moment.
                await Task.Delay(ConnectPause, time, cancellation);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                break;
            }
        }

        throw new MachineException(MachineError.StartFailed, hasEnded()
            ? $"QEMU ended before its machine ran. It said: {LastLogLine(paths)}"
            : $"QEMU did not open its monitor '{paths.QmpSocket}' within {MonitorLimit.TotalSeconds:0} s. See '{paths.ProcessLog}'.");
    }
}
