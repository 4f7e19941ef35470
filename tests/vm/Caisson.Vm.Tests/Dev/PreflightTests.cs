using System.Diagnostics;

namespace Caisson.Vm.Tests.Dev;

/// <summary>eng/preflight.sh in a real shell, with stand-ins for the files it reads.</summary>
public sealed class PreflightTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("caisson-preflight-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Every_problem_is_printed_at_once_and_nothing_is_changed()
    {
        var os = Path.Combine(folder, "os-release");
        var memory = Path.Combine(folder, "meminfo");
        await File.WriteAllTextAsync(os, "ID=fedora\nVERSION_ID=41\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(memory, "MemTotal:        1000000 kB\n", TestContext.Current.CancellationToken);
        var data = Path.Combine(folder, "data");

        var (code, said) = await RunAsync($"CAISSON_OS_RELEASE={os} CAISSON_MEMINFO={memory} MINIMUM_DISK_GB=999999999; preflight {data} 0 1 99999");

        Assert.Equal(3, code);
        Assert.Contains("Nothing was changed", said, StringComparison.Ordinal);
        Assert.Contains("fedora 41", said, StringComparison.Ordinal);
        Assert.Contains("976 MB of memory", said, StringComparison.Ordinal);
        Assert.Contains("GB free", said, StringComparison.Ordinal);
        Assert.Contains("'99999' is not a port", said, StringComparison.Ordinal);
        Assert.Equal(4, said.Split("    → ").Length - 1);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_the_way_out()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;

        var (code, said) = await RunAsync($"MINIMUM_DISK_GB=0; preflight {folder} 0 1 {port}");

        Assert.Equal(3, code);
        Assert.Contains($"Port {port} is in use", said, StringComparison.Ordinal);
        Assert.Contains("--port N", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_sdk_is_a_problem_of_its_own()
    {
        var (code, said) = await RunAsync("dotnet() { return 127; }; preflight_dotnet");

        Assert.Equal(3, code);
        Assert.Contains(".NET SDK is missing", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9.0.300", 3)]
    [InlineData("10.0.099", 3)]
    [InlineData("10.0.100", 0)]
    [InlineData("10.0.401", 0)]
    [InlineData("11.0.100", 0)]
    public async Task The_sdk_must_be_10_0_100_or_newer(string version, int expected)
    {
        var (code, _) = await RunAsync($"dotnet() {{ echo {version}; }}; preflight_dotnet");

        Assert.Equal(expected, code);
    }

    [Fact]
    public async Task Without_root_and_sudo_the_missing_packages_are_one_copyable_line()
    {
        var (code, said) = await RunAsync("id() { echo 1000; }; command() { return 1; }; missing_packages() { printf 'ovmf\\nswtpm\\n'; }; MINIMUM_DISK_GB=0; preflight " + folder + " 0 0 ovmf swtpm");

        Assert.Equal(3, code);
        Assert.Contains("apt-get install --no-install-recommends ovmf swtpm", said, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Said)> RunAsync(string script)
    {
        var preflight = Path.Combine(Root(), "eng", "preflight.sh");
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", $"set -euo pipefail; . '{preflight}'; {script}"])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var said = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, said);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Caisson.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("These tests run from a checkout.");
        }

        return folder.FullName;
    }
}
