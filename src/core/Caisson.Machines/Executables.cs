using System.Diagnostics;

namespace Caisson.Machines;

/// <summary>Foreign programs that run to their end: found on PATH, run without a shell, their output taken whole.</summary>
internal static class Executables
{
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Concat(["/usr/bin", "/usr/sbin", "/bin", "/sbin"])
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);

    public static async Task<string> ReadOutputAsync(string executable, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        var (exitCode, output, error) = await RunAsync(executable, arguments, cancellation);
        return exitCode == 0
            ? output
            : throw new MachineException(MachineError.CommandFailed, $"{Path.GetFileName(executable)} ended with code {exitCode}: {LastLine(error)}");
    }

    /// <summary>Ends the program when cancelled.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string executable, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        using var process = Process.Start(start)
            ?? throw new MachineException(MachineError.Missing, $"{executable} could not be started.");
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    public static string LastLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it said nothing";
}
