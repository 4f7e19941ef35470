using System.Diagnostics;
using System.Globalization;

namespace Caisson.Machines;

/// <summary>
/// One process for good: pid, start time (clock ticks since boot, field 22 of /proc/PID/stat, proc(5)) and the host's boot id.
/// A pid alone names whatever process has it now.
/// </summary>
internal sealed record ProcessIdentity(int Pid, ulong StartTicks, string BootId)
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>The process a record file names, or null if there is no whole record of this boot.</summary>
    public static ProcessIdentity? ReadRecord(string path)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return null;
        }

        return lines is [var stat, var bootId, ..] && bootId == File.ReadAllText(BootIdFile).Trim() && Stat.TryParse(stat, out var parsed)
            ? new ProcessIdentity(parsed.Pid, parsed.StartTicks, bootId)
            : null;
    }

    /// <summary>False for a zombie: it runs nothing any more.</summary>
    public bool IsAlive() =>
        TryReadProc("stat", out var text) && Stat.TryParse(text, out var stat) && stat.StartTicks == StartTicks && stat.State is not ('Z' or 'X');

    /// <summary>
    /// Whether it runs this executable, also when a package upgrade has replaced the file meanwhile. Names are compared, not folders:
    /// /bin and /usr/bin are one folder on some systems. The start time has already made sure that it is our process.
    /// </summary>
    public bool Runs(string executable)
    {
        try
        {
            const string deleted = " (deleted)";
            var target = File.ResolveLinkTarget($"/proc/{Pid}/exe", returnFinalTarget: false)?.FullName;
            var running = target?.EndsWith(deleted, StringComparison.Ordinal) == true ? target[..^deleted.Length] : target;
            var wanted = File.ResolveLinkTarget(executable, returnFinalTarget: true)?.FullName ?? executable;
            return Path.GetFileName(running) == Path.GetFileName(wanted);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Kill()
    {
        try
        {
            using var process = Process.GetProcessById(Pid);

            // Looked at again with the handle open: the pid may have passed to a stranger a moment ago.
            if (IsAlive())
            {
                process.Kill();
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    /// <summary>True when the process ended within the time. /proc is polled: an adopted process is nobody's child here.</summary>
    public async Task<bool> WaitForEndAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        var started = time.GetTimestamp();
        while (IsAlive())
        {
            if (time.GetElapsedTime(started) >= limit)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation);
        }

        return true;
    }

    private bool TryReadProc(string file, out string text)
    {
        try
        {
            text = File.ReadAllText($"/proc/{Pid}/{file}");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            text = "";
            return false;
        }
    }

    internal readonly record struct Stat(int Pid, char State, ulong StartTicks)
    {
        public static bool TryParse(string text, out Stat stat)
        {
            stat = default;

            // The name stands in brackets and may itself hold spaces and brackets: count fields from the last one.
            var open = text.IndexOf('(', StringComparison.Ordinal);
            var close = text.LastIndexOf(')');
            if (open < 1 || close < open)
            {
                return false;
            }

            var rest = text[(close + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (rest.Length < 20
                || !int.TryParse(text.AsSpan(0, open), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var pid)
                || !ulong.TryParse(rest[19], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks))
            {
                return false;
            }

            stat = new Stat(pid, rest[0][0], ticks);
            return true;
        }
    }
}
