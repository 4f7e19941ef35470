using System.Diagnostics;
using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>Programs beside the test.</summary>
internal static class Tool
{
    private const int MostBusy = 100;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Process Start(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>As <see cref="Command.RunAsync"/>.</summary>
    public static Task<string> RunAsync(string program, params string[] arguments) => Command.RunAsync(program, arguments, Token);

    /// <summary>
    /// Unmounts; again for a moment while the mount is busy: a process that another test starts holds every file of this one between its fork and its exec.
    /// </summary>
    public static async Task UnmountAsync(string mountPoint)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await RunAsync("umount", mountPoint);
                return;
            }
            catch (InvalidOperationException e) when (attempt < MostBusy && e.Message.Contains("busy", StringComparison.Ordinal))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), Token);
            }
        }
    }

    /// <summary>Waits for the end of a process.</summary>
    /// <param name="said">Called with each line of standard output as it comes.</param>
    public static async Task<string> EndAsync(Process process, Action<string> said)
    {
        var errors = process.StandardError.ReadToEndAsync(Token);
        var output = new List<string>();
        while (await process.StandardOutput.ReadLineAsync(Token) is { } line)
        {
            said(line);
            output.Add(line);
        }

        await process.WaitForExitAsync(Token);
        return process.ExitCode == 0
            ? string.Join('\n', output)
            : throw new InvalidOperationException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} failed ({process.ExitCode}): {await errors}");
    }
}
