using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Server;

/// <summary>The built caisson-server as its own process on loopback, with a data folder that outlives its ends.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TestFolder folder = new();
    private Process? process;
    private string token = "";

    public string Data => folder.File("data");

    /// <summary>What people type.</summary>
    public Uri Url { get; private set; } = new($"http://localhost:{FreePort()}/");

    public Uri EndpointUrl { get; } = new($"https://localhost:{FreePort()}/");

    /// <summary>Holds an API token.</summary>
    public string TokenFile => folder.File("token");

    /// <summary>PEM of the CAs a client of <see cref="Url"/> trusts; null: those of the machine.</summary>
    public X509Certificate2Collection? Trusted { get; private init; }

    public string AccessLog => Path.Combine(Data, "log", "access.jsonl");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static string Executable { get; } = Checkout.Built("ControlPlane", "caisson-server");

    public static async Task<ServerProcess> InitAsync()
    {
        var server = new ServerProcess();
        await server.InitAsync([]);
        return server;
    }

    /// <summary>A server whose people come over HTTPS with this certificate (PEM files), as <paramref name="host"/>.</summary>
    public static async Task<ServerProcess> InitHttpsAsync(string host, string certificate, string key, X509Certificate2Collection trusted)
    {
        var server = new ServerProcess { Trusted = trusted };
        server.Url = new Uri($"https://{host}:{server.Url.Port}/");
        await server.InitAsync(["--certificate", certificate, "--certificate-key", key]);
        return server;
    }

    private async Task InitAsync(string[] more)
    {
        await VerbAsync(["init", "--data", Data, "--url", Url.ToString(), "--endpoint-url", EndpointUrl.ToString(), .. more]);
        token = (await VerbAsync("api-token", "--data", Data, "--name", "test")).Trim();
        await File.WriteAllTextAsync(TokenFile, token, Ct);
    }

    /// <summary>An administrator's client; each request passes <paramref name="through"/>.</summary>
    public HttpClient Administrator(DelegatingHandler? through = null)
    {
        var transport = Transport();
        if (through is not null)
        {
            through.InnerHandler = transport;
        }

        var client = new HttpClient(through ?? (HttpMessageHandler)transport) { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>Starts it and waits until it answers.</summary>
    public async Task RunAsync()
    {
        process = Process.Start(Quiet("run", "--data", Data))!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var http = new HttpClient(Transport()) { BaseAddress = Url };
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

    public SocketsHttpHandler Transport()
    {
        var transport = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false };
        if (Trusted is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
            policy.CustomTrustStore.AddRange(Trusted);
            transport.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return transport;
    }

    /// <summary>A verb of caisson-server beside the running server.</summary>
    public static Task<string> VerbAsync(params string[] arguments) => Command.RunAsync(Executable, arguments, Ct);

    private static ProcessStartInfo Quiet(params string[] arguments) => new(Executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
