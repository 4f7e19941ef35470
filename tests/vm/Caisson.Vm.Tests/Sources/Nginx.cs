using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Sources;

/// <summary>Debian's nginx with the very configuration of docs/howto, its places and addresses put in, as a process of this test.</summary>
internal sealed class Nginx : IAsyncDisposable
{
    private const string InTheDocs = "caisson.example.org:8443";

    private readonly Process _process;

    private Nginx(Process process, Uri url, string cache) => (_process, Url, CacheFolder) = (process, url, cache);

    public Uri Url { get; }

    public string CacheFolder { get; }

    /// <param name="certificates">Folder with the files of <c>caisson-server site-cache</c>.</param>
    /// <param name="tls">Speak TLS with the PCs, as the commented lines say.</param>
    public static async Task<Nginx> StartAsync(string folder, string certificates, Uri origin, bool tls, CancellationToken cancellationToken)
    {
        var program = Requirement.Program("nginx");
        Directory.CreateDirectory(folder);
        var port = FreePort();
        var cache = Path.Combine(folder, "cache");
        var text = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "howto", "site-cache.nginx.conf"), cancellationToken);
        var site = (tls ? text.Replace("    listen 80;\n", "", StringComparison.Ordinal).Replace("#listen 443 ssl;", $"listen 127.0.0.1:{port} ssl;", StringComparison.Ordinal).Replace("    #ssl_", "    ssl_", StringComparison.Ordinal)
                : text.Replace("listen 80;", $"listen 127.0.0.1:{port};", StringComparison.Ordinal))
            .Replace(InTheDocs, origin.Authority, StringComparison.Ordinal)
            .Replace("proxy_ssl_name caisson.example.org", $"proxy_ssl_name {origin.Host}", StringComparison.Ordinal)
            .Replace("/etc/nginx/caisson", certificates, StringComparison.Ordinal)
            .Replace("/var/cache/nginx/caisson", cache, StringComparison.Ordinal);
        Assert.DoesNotContain("example.org", site, StringComparison.Ordinal);
        var config = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(config, $$"""
            daemon off; master_process off; pid {{folder}}/nginx.pid; error_log {{folder}}/error.log notice;
            events {}
            http {
            access_log off; client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy; fastcgi_temp_path {{folder}}/f; uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s;
            {{site}}
            }
            """, cancellationToken);
        var process = Process.Start(new ProcessStartInfo(program, ["-p", folder, "-c", config, "-e", Path.Combine(folder, "error.log")]) { UseShellExecute = false })!;
        var nginx = new Nginx(process, new Uri($"{(tls ? "https" : "http")}://localhost:{port}/"), cache);
        await nginx.WaitAsync(port, folder, cancellationToken);
        return nginx;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task WaitAsync(int port, string folder, CancellationToken cancellationToken)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            Assert.False(_process.HasExited, File.Exists(Path.Combine(folder, "error.log")) ? await File.ReadAllTextAsync(Path.Combine(folder, "error.log"), cancellationToken) : "nginx ended.");
            using var socket = new TcpClient();
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
                return;
            }
            catch (SocketException)
            {
                await tick.WaitForNextTickAsync(cancellationToken);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
