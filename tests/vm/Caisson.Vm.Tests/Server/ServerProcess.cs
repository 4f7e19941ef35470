using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Server;

/// <summary>The built caisson-server as its own process on loopback, with a data folder that outlives its ends.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TestFolder folder = new();
    private readonly Uri url = new($"http://localhost:{FreePort()}/");
    private Process? process;
    private string token = "";

    public string Data => folder.File("data");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    // Its own output folder, not this test's: only there lies its manifest of static files.
    private static string Executable =>
        Path.Combine(Checkout.Root, "artifacts", "bin", "Caisson.ControlPlane", new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name, "caisson-server");

    public static async Task<ServerProcess> InitAsync()
    {
        var server = new ServerProcess();
        await VerbAsync("init", "--data", server.Data, "--url", server.url.ToString(), "--endpoint-url", $"https://localhost:{FreePort()}");
        server.token = (await VerbAsync("api-token", "--data", server.Data, "--name", "test")).Trim();
        return server;
    }

    /// <summary>An administrator's client; each request passes <paramref name="through"/>.</summary>
    public HttpClient Administrator(DelegatingHandler? through = null)
    {
        var transport = new SocketsHttpHandler();
        if (through is not null)
        {
            through.InnerHandler = transport;
        }

        var client = new HttpClient(through ?? (HttpMessageHandler)transport) { BaseAddress = url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>Starts it and waits until it answers.</summary>
    public async Task RunAsync()
    {
        process = Process.Start(Quiet("run", "--data", Data))!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var http = new HttpClient { BaseAddress = url };
        using var limit = new CancellationTokenSource(Deadline);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, Ct); // the deadline, or the test run's end
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            Assert.False(process.HasExited, "caisson-server ended before it answered.");
            try
            {
                using var answer = await http.GetAsync(new Uri("/healthz", UriKind.Relative), either.Token);
                return;
            }
            catch (HttpRequestException)
            {
                await tick.WaitForNextTickAsync(either.Token);
            }
        }
    }

    /// <summary>kill -9, as a crash would.</summary>
    public async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync(Ct);
        process.Dispose();
        process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        folder.Dispose();
    }

    private static async Task<string> VerbAsync(params string[] arguments)
    {
        using var verb = Process.Start(Quiet(arguments))!;
        var output = verb.StandardOutput.ReadToEndAsync(Ct);
        var error = await verb.StandardError.ReadToEndAsync(Ct);
        await verb.WaitForExitAsync(Ct);
        Assert.True(verb.ExitCode == 0, error);
        return await output;
    }

    private static ProcessStartInfo Quiet(params string[] arguments) => new(Executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
