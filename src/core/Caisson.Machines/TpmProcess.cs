using System.Globalization;

namespace Caisson.Machines;

/// <summary>
/// swtpm of one workspace. It ends by itself when QEMU closes its connection (--terminate), and outlives caissond as QEMU does.
/// </summary>
internal static class TpmProcess
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);

    public static async Task StartAsync(WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities, TimeProvider time, CancellationToken cancellation)
    {
        var swtpm = capabilities.Swtpm
            ?? throw new MachineException(MachineError.Missing, $"Workspace {spec.Id} needs a TPM and swtpm is not installed. Install it with: apt-get install swtpm");

        // One left over from a start that was cut short holds the state folder's lock.
        await StopAsync(paths, swtpm, time, cancellation);
        Directory.CreateDirectory(paths.TpmDirectory, OwnerOnly);
        File.Delete(paths.TpmSocket);
        string[] arguments =
        [
            "socket", "--tpm2", "--terminate", "--tpmstate", "dir=" + paths.TpmDirectory,
            "--ctrl", "type=unixio,mode=0600,path=" + paths.TpmSocket,
        ];
        var unit = string.Create(CultureInfo.InvariantCulture, $"caisson-{spec.Id}-tpm-{time.GetUtcNow().ToUnixTimeMilliseconds()}");
        using var process = DetachedProcess.Start(unit, [], paths.ProcessLog, paths.TpmProcess, swtpm, arguments);
        var started = time.GetTimestamp();

        // Connecting to see whether it listens would end it, so its socket's name must do. QEMU's own connect is tried again by the launch.
        while (!File.Exists(paths.TpmSocket))
        {
            if (process.HasExited || time.GetElapsedTime(started) > StartLimit)
            {
                throw new MachineException(MachineError.StartFailed, $"swtpm of workspace {spec.Id} did not start: {Launch.LastLogLine(paths)}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), time, cancellation);
        }
    }

    public static async Task StopAsync(WorkspacePaths paths, string swtpm, TimeProvider time, CancellationToken cancellation)
    {
        if (ProcessIdentity.ReadRecord(paths.TpmProcess) is { } process && process.IsAlive() && process.Runs(swtpm))
        {
            process.Kill();
            await process.WaitForEndAsync(TimeSpan.FromSeconds(5), time, cancellation);
        }
    }

    internal const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
}
