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

    private static readonly TimeSpan LoadLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LoadPause = TimeSpan.FromMilliseconds(20);

    /// <summary>Starts QEMU with its CPUs stopped. Undone as a whole when it fails or is cancelled.</summary>
    /// <param name="spec">What to start.</param>
    /// <param name="resumes">With the memory it was suspended with, and every volume as it was then.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public async Task<MachineRun> StartAsync(WorkspaceSpec spec, bool resumes, CancellationToken cancellation)
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
        if (!resumes)
        {
            await Volumes.PrepareAsync(spec, paths, capabilities, cancellation);
        }

        if (spec.Tpm)
        {
            await TpmProcess.StartAsync(spec, paths, capabilities, time, cancellation);
        }

        try
        {
            return await StartQemuAsync(spec, resumes, cancellation);
        }
        catch
        {
            await EndAsync();
            throw;
        }
    }

    /// <summary>Kills what runs of this workspace, and waits for its end.</summary>
    public async Task EndAsync()
    {
        if (FindRunning() is { } process)
        {
            process.Kill();
            await process.WaitForEndAsync(TimeSpan.FromSeconds(10), time, CancellationToken.None);
        }

        if (capabilities.Swtpm is { } swtpm)
        {
            await TpmProcess.StopAsync(paths, swtpm, time, CancellationToken.None);
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

    private async Task<MachineRun> StartQemuAsync(WorkspaceSpec spec, bool resumes, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var command = QemuCommandLine.From(spec, paths, capabilities, resumes);
        new MachineRecord { Spec = spec, Executable = command.Executable, StartedAt = now, IsHeldStill = resumes }.Save(paths);
        var unit = string.Create(CultureInfo.InvariantCulture, $"caisson-{spec.Id}-{now.ToUnixTimeMilliseconds()}");
        using var child = DetachedProcess.Start(unit, ScopeLimits.Of(spec), paths.ProcessLog, paths.ProcessRecord, command.Executable, command.Arguments);
        try
        {
            var qmp = await ConnectAsync(() => child.HasExited, cancellation);
            if (resumes)
            {
                await LoadMemoryAsync(qmp, cancellation);
            }

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

    /// <summary>Returns when the machine stands still with its memory.</summary>
    private async Task LoadMemoryAsync(QmpClient qmp, CancellationToken cancellation)
    {
        try
        {
            await MemoryFile.BeginReadAsync(qmp, paths.SuspendedMemory, capabilities, cancellation);
            var started = time.GetTimestamp();
            var progress = await qmp.QueryMigrateAsync(cancellation);

            // It says "none" until its main loop has looked at the file for the first time.
            while ((progress.IsUnderWay || progress.Status == "none") && time.GetElapsedTime(started) < LoadLimit)
            {
                await Task.Delay(LoadPause, time, cancellation);
                progress = await qmp.QueryMigrateAsync(cancellation);
            }

            if (!progress.IsComplete)
            {
                throw new MachineException(MachineError.StartFailed, NotLoaded(progress.Error ?? progress.Status));
            }
        }
        catch (MachineException)
        {
            await qmp.DisposeAsync();
            throw;
        }
        catch (QmpException e)
        {
            await qmp.DisposeAsync();
            throw new MachineException(MachineError.StartFailed, NotLoaded(e.Class is QmpErrorClass.Refused ? e.Message : LastLogLine(paths)), e);
        }
    }

    private static string NotLoaded(string why) => $"What was suspended could not be loaded: {why} It is kept; try again, or restart the workspace to start it afresh without what was open.";

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
