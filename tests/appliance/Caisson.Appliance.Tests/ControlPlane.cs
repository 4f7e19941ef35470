using System.Diagnostics;
using System.Text.Json;
using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>
/// A real control plane in a network namespace of its own, with what an administrator does to it through the tool. A PC whose QEMU runs in
/// the same namespace reaches it as <see cref="HostSeenByPc"/>, which QEMU's user network makes the namespace's loopback, and nothing else.
/// </summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    public const string HostSeenByPc = "10.0.2.2";

    private const string People = "http://localhost:8480";

    private readonly TestFolder _folder = new();
    private Process? _server;

    public string Namespace { get; } = "caisson-test-" + Guid.NewGuid().ToString("N")[..8];

    public static async Task<ControlPlane> StartAsync(CancellationToken cancellation)
    {
        var plane = new ControlPlane();
        try
        {
            await plane.BeginAsync(cancellation);
            return plane;
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }
    }

    private async Task BeginAsync(CancellationToken cancellation)
    {
        var data = _folder.File("data");
        await Command.RunAsync("ip", ["netns", "add", Namespace], cancellation);
        await Command.RunAsync("ip", ["-n", Namespace, "link", "set", "lo", "up"], cancellation);
        await Command.RunAsync(Checkout.Built("ControlPlane", "caisson-server"), ["init", "--data", data, "--url", People, "--endpoint-url", $"https://{HostSeenByPc}:8443", "--listen-any", "--poll", "5"], cancellation);
        await File.WriteAllTextAsync(_folder.File("token"), await Command.RunAsync(Checkout.Built("ControlPlane", "caisson-server"), ["api-token", "--data", data, "--name", "test"], cancellation), cancellation);
        await RunServerAsync(cancellation);
    }

    private async Task RunServerAsync(CancellationToken cancellation)
    {
        _server?.Dispose();
        _server = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", Namespace, Checkout.Built("ControlPlane", "caisson-server"), "run", "--data", _folder.File("data")]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        _server.OutputDataReceived += static (_, _) => { };
        _server.ErrorDataReceived += static (_, _) => { };
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
        await DoAsync(cancellation, "ping", "--wait", "60");
    }

    /// <summary>Runs <c>caisson</c> as an administrator; what it printed.</summary>
    public Task<string> DoAsync(CancellationToken cancellation, params string[] arguments) =>
        Command.RunAsync("ip", ["netns", "exec", Namespace, "env", "CAISSON_SERVER=" + People, "CAISSON_TOKEN_FILE=" + _folder.File("token"), "XDG_DATA_HOME=" + _folder.Path, Checkout.Built("Cli", "caisson"), .. arguments], cancellation);

    public async Task<JsonElement> AskAsync(CancellationToken cancellation, params string[] arguments)
    {
        using var document = JsonDocument.Parse(await DoAsync(cancellation, [.. arguments, "--json"]));
        return document.RootElement.Clone();
    }

    /// <summary>The one PC, as the control plane knows it, once it is as a test waits for it.</summary>
    public async Task<JsonElement> WaitForPcAsync(Func<JsonElement, bool> isSo, string what, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation); // the test's end, or the deadline
        limit.CancelAfter(2 * TestPc.Deadline);
        using var tick = new PeriodicTimer(TimeSpan.FromSeconds(2));
        var last = "nothing";
        try
        {
            while (true)
            {
                var pcs = (await AskAsync(limit.Token, "pc", "list")).GetProperty("items");
                last = pcs.GetRawText();
                if (pcs.GetArrayLength() == 1 && isSo(pcs[0]))
                {
                    return pcs[0];
                }

                await tick.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The PC was not as waited for ({what}). The control plane knows: {last}", e);
        }
    }

    /// <summary>Bytes that endpoints took from a repository so far.</summary>
    public long BytesOf(string repository)
    {
        using var log = new StreamReader(new FileStream(Path.Combine(_folder.File("data"), "log", "access.jsonl"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var sum = 0L;
        while (log.ReadLine() is { } line)
        {
            using var request = JsonDocument.Parse(line);
            if (request.RootElement.GetProperty("listener").GetString() == "endpoint" && request.RootElement.GetProperty("path").GetString()!.StartsWith($"/v2/{repository}/", StringComparison.Ordinal))
            {
                sum += request.RootElement.GetProperty("bytes").GetInt64();
            }
        }

        return sum;
    }

    /// <summary>Away, as by a cable that was pulled: nothing in the namespace answers any more.</summary>
    public async Task GoAwayAsync()
    {
        _server!.Kill();
        await _server.WaitForExitAsync(CancellationToken.None);
    }

    public Task ComeBackAsync(CancellationToken cancellation) => RunServerAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            if (!_server.HasExited)
            {
                await GoAwayAsync();
            }

            _server.Dispose();
        }

        await Command.RunAsync("ip", ["netns", "del", Namespace], CancellationToken.None);
        _folder.Dispose();
    }
}
