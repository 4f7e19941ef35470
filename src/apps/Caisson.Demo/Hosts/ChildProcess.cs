using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Caisson.Demo.Hosts;

/// <summary>A process this program started: its output goes to a file, and it is ended by id, first politely, then not.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private static readonly TimeSpan LogPatience = TimeSpan.FromSeconds(2);
    private readonly Process process;
    private readonly Task copying;

    private ChildProcess(Process process, Task copying)
    {
        this.process = process;
        this.copying = copying;
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    public int ExitCode => process.ExitCode;

    public Task ExitedAsync(CancellationToken cancel) => process.WaitForExitAsync(cancel);

    /// <summary>Starts <paramref name="command"/> on <paramref name="host"/>; both its streams are appended to <paramref name="logFile"/>.</summary>
    public static ChildProcess Start(Host host, IReadOnlyList<string> command, string logFile, IReadOnlyDictionary<string, string>? environment = null)
    {
        var process = new Process { StartInfo = Describe(host, command, environment) };
        process.StartInfo.RedirectStandardOutput = true;
        process.StartInfo.RedirectStandardError = true;
        process.StartInfo.RedirectStandardInput = true;
        process.Start();
        process.StandardInput.Close();
        return new ChildProcess(process, CopyAsync(process, logFile));
    }

    /// <summary>Runs to the end.</summary>
    /// <returns>Standard output.</returns>
    /// <exception cref="CommandFailedException">The exit code was not 0; the message holds what the command said.</exception>
    public static async Task<string> RunAsync(Host host, IReadOnlyList<string> command, CancellationToken cancel, string? input = null, Action<string>? errorLine = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        using var process = new Process { StartInfo = Describe(host, command, environment) };
        process.StartInfo.RedirectStandardOutput = true;
        process.StartInfo.RedirectStandardError = true;
        process.StartInfo.RedirectStandardInput = true;
        process.Start();
        await process.StandardInput.WriteAsync(input ?? "");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = ReadErrorsAsync(process.StandardError, errorLine, cancel);
        try
        {
            await process.WaitForExitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        var (text, complaint) = (await output, await errors);
        return process.ExitCode == 0 ? text : throw new CommandFailedException(command[0], process.ExitCode, complaint.Length > 0 ? complaint : text);
    }

    /// <summary>SIGTERM, then SIGKILL when the time is over.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        if (!process.HasExited)
        {
            _ = Kill(process.Id, SigTerm);
            using var limit = new CancellationTokenSource(grace);
            try
            {
                await process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: false);
                await process.WaitForExitAsync(CancellationToken.None);
            }
        }

        await LogEndAsync();
    }

    /// <summary>SIGKILL, to this process alone.</summary>
    public async Task KillAsync()
    {
        process.Kill(entireProcessTree: false);
        await process.WaitForExitAsync(CancellationToken.None);
        await LogEndAsync();
    }

    /// <summary>Something the process started may hold its output open; the log is not worth waiting for that.</summary>
    private async Task LogEndAsync() => await Task.WhenAny(copying, Task.Delay(LogPatience, TimeProvider.System));

    public async ValueTask DisposeAsync()
    {
        // caissond gives its machines 45 s to shut down.
        await StopAsync(TimeSpan.FromSeconds(75));
        process.Dispose();
    }

    private static ProcessStartInfo Describe(Host host, IReadOnlyList<string> command, IReadOnlyDictionary<string, string>? environment)
    {
        var wrapped = host.Wrap(command);
        var info = new ProcessStartInfo(wrapped[0], wrapped.Skip(1)) { UseShellExecute = false, WorkingDirectory = "/" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            info.Environment[name] = value;
        }

        return info;
    }

    private static async Task<string> ReadErrorsAsync(StreamReader errors, Action<string>? each, CancellationToken cancel)
    {
        var last = new Queue<string>();
        while (await errors.ReadLineAsync(cancel) is { } line)
        {
            each?.Invoke(line);
            last.Enqueue(line);
            if (last.Count > 40)
            {
                last.Dequeue();
            }
        }

        return string.Join('\n', last);
    }

    private static async Task CopyAsync(Process process, string logFile)
    {
        await using var log = new StreamWriter(new FileStream(logFile, FileMode.Append, FileAccess.Write, FileShare.ReadWrite)) { AutoFlush = true };
        var gate = new SemaphoreSlim(1);
        await Task.WhenAll(CopyLinesAsync(process.StandardOutput, log, gate), CopyLinesAsync(process.StandardError, log, gate));
    }

    private static async Task CopyLinesAsync(StreamReader from, StreamWriter to, SemaphoreSlim gate)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            await gate.WaitAsync();
            await to.WriteLineAsync(line);
            gate.Release();
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}

/// <summary>A command this program needs has failed; the message is what it said.</summary>
internal sealed class CommandFailedException(string command, int exitCode, string said)
    : Exception($"{Path.GetFileName(command)} ended with {exitCode}: {said.Trim()}");
