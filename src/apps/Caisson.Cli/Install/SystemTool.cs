using System.Diagnostics;

namespace Caisson.Cli.Install;

/// <summary>A program of the system, run to its end.</summary>
internal static class SystemTool
{
    /// <returns>What it printed. Throws an <see cref="IOException"/> with its last words when it fails.</returns>
    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancel, string input = "")
    {
        var (code, output, errors) = await TryAsync(program, arguments, cancel, input);
        return code == 0 ? output : throw new IOException($"{program} ended with {code}: {LastLine(errors) ?? LastLine(output) ?? "it said nothing"}");
    }

    public static async Task<(int Code, string Output, string Errors)> TryAsync(string program, IEnumerable<string> arguments, CancellationToken cancel, string input = "")
    {
        using var process = Start(program, arguments);
        await process.StandardInput.WriteAsync(input.AsMemory(), cancel);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return (process.ExitCode, await output, await errors);
    }

    public static Process Start(string program, IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })
            ?? throw new IOException($"{program} could not be started.");

    public static string? LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
}
