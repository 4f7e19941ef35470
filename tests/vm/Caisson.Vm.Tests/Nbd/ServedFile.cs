using System.Diagnostics;
using Caisson.Nbd;

namespace Caisson.Vm.Tests.Nbd;

/// <summary>A sparse file with random content, served over NBD, and the tools that talk to it.</summary>
internal sealed class ServedFile : IAsyncDisposable
{
    private readonly DirectoryInfo _folder;
    private readonly RawFileDevice _file;
    private readonly NbdServer _server;

    private ServedFile(DirectoryInfo folder, RawFileDevice file, IBlockDevice device)
    {
        _folder = folder;
        _file = file;
        Device = device;
        _server = NbdServer.Listen(Path.Combine(folder.FullName, "s"), "disk", device, new NbdServerOptions());
    }

    internal IBlockDevice Device { get; }

    internal string FilePath => Path.Combine(_folder.FullName, "disk.raw");

    internal string Uri => $"nbd+unix:///disk?socket={_server.SocketPath}";

    /// <summary>Random data in every second of the 4 MiB strips, holes between them.</summary>
    internal static ServedFile Create(bool isReadOnly, bool isSlow = false, int sizeMiB = 64)
    {
        var folder = Directory.CreateTempSubdirectory("nbd");
        var path = Path.Combine(folder.FullName, "disk.raw");
        using (var file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
            var strip = new byte[4 << 20];
            var random = new Random(1);
            RandomAccess.SetLength(file, (long)sizeMiB << 20);
            for (var at = 0L; at < (long)sizeMiB << 20; at += 2 * strip.Length)
            {
                random.NextBytes(strip);
                RandomAccess.Write(file, strip, at);
            }
        }

        var raw = RawFileDevice.Open(path, isReadOnly);
        return new ServedFile(folder, raw, isSlow ? new SlowDevice(raw) : raw);
    }

    internal string Scratch(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>Runs a tool to its end; its standard output if it succeeds.</summary>
    internal static async Task<string> RunAsync(string tool, params string[] arguments)
    {
        var (exitCode, output) = await TryRunAsync(tool, arguments);
        Assert.True(exitCode == 0, $"{tool} {string.Join(' ', arguments)} ended with {exitCode}: {output}");
        return output;
    }

    internal static async Task<(int ExitCode, string Output)> TryRunAsync(string tool, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            var output = await process.StandardOutput.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, process.ExitCode == 0 ? output : output + await error);
        }
        catch (OperationCanceledException e)
        {
            process.Kill();
            throw new TimeoutException($"{tool} {string.Join(' ', arguments)} did not end within two minutes.", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _file.Dispose();
        _folder.Delete(recursive: true);
    }
}
