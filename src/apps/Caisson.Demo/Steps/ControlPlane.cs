using Caisson.Demo.Hosts;

namespace Caisson.Demo.Steps;

/// <summary>The control plane as an administrator would start it: <c>caisson-server init</c> once, then <c>run</c>.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    // Desired state is asked for this often here, so that a person sees things move; the product's default is 60 s.
    private const string PollSeconds = "5";
    private readonly ChildProcess process;

    private ControlPlane(ChildProcess process) => this.process = process;

    public static async Task<ControlPlane> StartAsync(Host host, Apps apps, DataFolder data, Uri people, Uri endpoints, CancellationToken cancel)
    {
        if (!File.Exists(Path.Combine(data.Server, "config.json")))
        {
            await ChildProcess.RunAsync(host, apps.Server("init", "--data", data.Server, "--url", people.ToString(), "--endpoint-url", endpoints.ToString(), "--poll", PollSeconds), cancel);
        }

        var log = Path.Combine(data.Logs, "server.log");
        var server = new ControlPlane(ChildProcess.Start(host, apps.Server("run", "--data", data.Server), log));
        return server;
    }

    /// <summary>A link that signs one person in, once.</summary>
    public static async Task<Uri> SignInLinkAsync(Host host, Apps apps, DataFolder data, CancellationToken cancel) =>
        new((await ChildProcess.RunAsync(host, apps.Server("sign-in-link", "--data", data.Server), cancel)).Trim());

    /// <summary>Fails at once when the server has ended, with the end of its log.</summary>
    public void ThrowIfEnded(DataFolder data)
    {
        if (process.HasExited)
        {
            throw new CommandFailedException("caisson-server", process.ExitCode, LogTail.Read(Path.Combine(data.Logs, "server.log")));
        }
    }

    public Task StopAsync() => process.StopAsync(TimeSpan.FromSeconds(20));

    public ValueTask DisposeAsync() => process.DisposeAsync();
}

/// <summary>The last lines of a log, for an error message.</summary>
internal static class LogTail
{
    public static string Read(string file) => File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(12)) : "";
}
