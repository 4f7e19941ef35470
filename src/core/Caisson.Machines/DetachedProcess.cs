using System.Diagnostics;

namespace Caisson.Machines;

/// <summary>
/// Starts a program that outlives this one: in a systemd scope of its own where systemd runs the machine (else a stop of our service would
/// end it), and always in a session of its own. Its output goes to a file, because a pipe would break with its reader's death.
/// </summary>
internal static class DetachedProcess
{
    // The shell writes who it is, then becomes the program: same pid, same start time. So there is no moment in which a process runs and
    // no record names it, whenever the parent is killed.
    private const string Script =
        """
        umask 077
        exec </dev/null >>"$1" 2>&1
        cat "/proc/$$/stat" /proc/sys/kernel/random/boot_id >"$2.new" && mv "$2.new" "$2" || exit 70
        shift 2
        exec "$@"
        """;

    /// <summary>Starts it; the returned handle sees the end of the child (and lets .NET reap it) while this process lives.</summary>
    /// <param name="unit">Systemd unit name without ".scope"; unique for each start.</param>
    /// <param name="record">Where pid, start time and boot id are written: <see cref="ProcessIdentity.ReadRecord"/>.</param>
    /// <param name="properties">What the scope is kept to; held only where <see cref="HoldsLimits"/>.</param>
    public static Process Start(string unit, IReadOnlyList<string> properties, string log, string record, string executable, IEnumerable<string> arguments)
    {
        File.Delete(record);
        string[] command = ["setsid", "/bin/sh", "-c", Script, "sh", log, record, executable, .. arguments];
        string[] wrapped = [.. Scope(unit, properties), .. command];
        var start = new ProcessStartInfo(Executables.Find(wrapped[0]) ?? wrapped[0], wrapped[1..]) { UseShellExecute = false };
        return Process.Start(start) ?? throw new MachineException(MachineError.StartFailed, $"{wrapped[0]} could not be started.");
    }

    /// <summary>False: processes run in a detached session, and what they take of the PC is bounded by nothing.</summary>
    public static bool HoldsLimits => Manager() is not null;

    private static string[] Scope(string unit, IReadOnlyList<string> properties) => Manager() is not { } manager ? [] :
    [
        .. manager, "--scope", "--quiet", "--collect", "--unit=" + unit, .. properties.Select(property => "--property=" + property), "--",
    ];

    private static string[]? Manager()
    {
        if (!Directory.Exists("/run/systemd/system") || Executables.Find("systemd-run") is null)
        {
            return null;
        }

        if (Environment.IsPrivilegedProcess)
        {
            return ["systemd-run"];
        }

        // Without a user manager (no login session) a detached session has to do.
        var runtime = Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR");
        return runtime is not null && File.Exists(Path.Combine(runtime, "systemd", "private")) ? ["systemd-run", "--user"] : null;
    }
}
