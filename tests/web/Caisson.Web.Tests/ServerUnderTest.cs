using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Caisson.ControlPlane.Data;
using Caisson.Testing;
using Caisson.Web.Tests.Seed;

namespace Caisson.Web.Tests;

/// <summary>The built caisson-server as its own process on loopback, on a fresh data folder.</summary>
internal sealed class ServerUnderTest : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly Process process;

    private ServerUnderTest(Process process, Uri url, string data) => (this.process, Url, Data) = (process, url, data);

    public Uri Url { get; }

    public string Data { get; }

    public string Database => Path.Combine(Data, "caisson.db");

    public static async Task<ServerUnderTest> StartAsync(bool seeded, CancellationToken cancellationToken)
    {
        var data = Directory.CreateTempSubdirectory("caisson-web-").FullName;
        var (people, endpoints) = (FreePort(), FreePort());
        var url = new Uri($"http://localhost:{people}");
        await RunAsync(["init", "--data", data, "--url", url.ToString(), "--endpoint-url", $"https://localhost:{endpoints}"], cancellationToken);
        if (seeded)
        {
            await SeedAsync(data, cancellationToken);
        }

        var process = Start(["run", "--data", data]);
        var server = new ServerUnderTest(process, url, data);
        await server.WaitUntilUpAsync(cancellationToken);
        return server;
    }

    /// <summary>A one-time link into the console, from the verb that makes them.</summary>
    public async Task<Uri> SignInLinkAsync(CancellationToken cancellationToken) =>
        new((await RunAsync(["sign-in-link", "--data", Data], cancellationToken)).Trim());

    public async ValueTask DisposeAsync()
    {
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(Data, recursive: true);
    }

    private static async Task SeedAsync(string data, CancellationToken cancellationToken)
    {
        await using var db = SqliteDurability.Open(Path.Combine(data, "caisson.db"));
        await new SeededFleet(db, TimeProvider.System.GetUtcNow()).WriteAsync(cancellationToken);
        await SeededGenerations.WriteAsync(Path.Combine(data, "store"), db, cancellationToken);
        foreach (var (endpoint, workspace, index) in SeededFleet.Pictures())
        {
            var folder = Directory.CreateDirectory(Path.Combine(data, "screenshots", endpoint));
            await File.WriteAllBytesAsync(Path.Combine(folder.FullName, workspace + ".png"), DesktopPicture.Png(index % 7), cancellationToken);
        }

        await SeedSeenAsync(data, cancellationToken);
    }

    private static async Task SeedSeenAsync(string data, CancellationToken cancellationToken)
    {
        foreach (var (endpoint, workspace, id) in SeededFleet.Seen())
        {
            var folder = Directory.CreateDirectory(Path.Combine(data, "evidence", endpoint, workspace));
            await File.WriteAllBytesAsync(Path.Combine(folder.FullName, id + ".png"), DesktopPicture.Stopped(), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, id + ".log"), """
                [    0.000000] Linux version 6.12.57+deb13-amd64
                [    1.204417] virtio_blk virtio1: [vda] 25165824 512-byte logical blocks (12.9 GB/12.0 GiB)
                [    2.671180] EXT4-fs (vda1): mounted filesystem ro without journal.
                [    4.018822] systemd[1]: Starting lightdm.service - Light Display Manager...
                [   64.302110] systemd[1]: lightdm.service: start operation timed out. Terminating.
                [   64.310992] systemd[1]: Failed to start lightdm.service - Light Display Manager.
                [   64.311557] systemd[1]: Dependency failed for graphical.target - Graphical Interface.
                """, cancellationToken);
        }
    }

    private async Task WaitUntilUpAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = Url };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Deadline);
        while (true)
        {
            if (process.HasExited)
            {
                throw new InvalidOperationException($"caisson-server ended with {process.ExitCode} before it answered.");
            }

            try
            {
                using var answer = await http.GetAsync("/healthz", timeout.Token);
                return;
            }
            catch (HttpRequestException)
            {
                await Task.Delay(50, timeout.Token);
            }
        }
    }

    private static async Task<string> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var verb = Start(arguments, read: true);
        var output = await verb.StandardOutput.ReadToEndAsync(cancellationToken);
        await verb.WaitForExitAsync(cancellationToken);
        return verb.ExitCode == 0 ? output : throw new InvalidOperationException($"caisson-server {arguments[0]} ended with {verb.ExitCode}.");
    }

    private static Process Start(string[] arguments, bool read = false) => Process.Start(new ProcessStartInfo(Checkout.Built("ControlPlane", "caisson-server"), arguments)
    {
        RedirectStandardOutput = read,
    })!;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
