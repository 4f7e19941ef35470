using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Images;

/// <summary>Debian's docker-registry as a process: a registry others wrote, and one without the referrers API.</summary>
internal sealed class DockerRegistry : IAsyncDisposable
{
    private readonly Process _process;

    private DockerRegistry(Process process, Uri address) => (_process, Client) = (process, new HttpClient { BaseAddress = address });

    public HttpClient Client { get; }

    /// <param name="more">More top-level members of its configuration, as YAML.</param>
    /// <param name="tls">PEM files of its certificate and key, for https.</param>
    public static async Task<DockerRegistry> StartAsync(string folder, CancellationToken cancellationToken, string more = "", (string Certificate, string Key)? tls = null)
    {
        var program = Requirement.Program("docker-registry");
        var address = $"127.0.0.1:{FreePort()}";
        var config = Path.Combine(folder, "registry.yml");
        await File.WriteAllTextAsync(config, $"""
            version: 0.1
            log: {"{level: info, accesslog: {disabled: true}}"}
            storage: {"{filesystem: {rootdirectory: "}{Path.Combine(folder, "registry")}{"}}"}
            http: {"{addr: \""}{address}{"\""}{(tls is { } pair ? $", tls: {{certificate: {pair.Certificate}, key: {pair.Key}}}" : "")}{"}"}
            {more}
            """, cancellationToken);
        var process = Process.Start(new ProcessStartInfo(program, ["serve", config]) { RedirectStandardError = true, UseShellExecute = false })!;
        var registry = new DockerRegistry(process, new Uri($"{(tls is null ? "http" : "https")}://{address}/"));
        var said = new List<string>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        try
        {
            while (await process.StandardError.ReadLineAsync(limit.Token) is { } line)
            {
                said.Add(line);
                if (line.Contains("listening on", StringComparison.Ordinal))
                {
                    // A full pipe would stop it.
                    _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
                    return registry;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told below, with what it said.
        }

        await registry.DisposeAsync();
        throw new InvalidOperationException($"docker-registry did not begin to listen: {string.Join('\n', said)}");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    // The registry names no port it chose itself, so one that is free now must do.
    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
