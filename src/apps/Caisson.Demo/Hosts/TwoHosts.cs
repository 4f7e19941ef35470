namespace Caisson.Demo.Hosts;

/// <summary>
/// The network of a check: two namespaces joined by one veth pair and nothing else, so that what passes between
/// server and endpoint passes here, and neither sees this machine's network.
/// </summary>
/// <remarks>
/// <code>
///   caisson-server-PID ── veth ── caisson-pc-PID
///   10.231.77.1/30                10.231.77.2/30
/// </code>
/// </remarks>
internal sealed class TwoHosts : IAsyncDisposable
{
    public const string ServerAddress = "10.231.77.1";
    private const string EndpointAddress = "10.231.77.2";

    // From the range systemd (UIDS-GIDS.md) leaves unused, 60578 to 60705: no account of the machine has them.
    private const int ServerUser = 60_601;
    private const int EndpointUser = 60_602;

    private TwoHosts(Host server, Host endpoint) => (Server, Endpoint) = (server, endpoint);

    public Host Server { get; }

    public Host Endpoint { get; }

    public static async Task<TwoHosts> CreateAsync(CancellationToken cancel)
    {
        var suffix = Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var hosts = new TwoHosts(
            new Host("server", $"caisson-server-{suffix}", ServerUser),
            new Host("endpoint", $"caisson-pc-{suffix}", EndpointUser));
        try
        {
            await Ip(cancel, "netns", "add", hosts.Server.NetworkNamespace!);
            await Ip(cancel, "netns", "add", hosts.Endpoint.NetworkNamespace!);
            await Ip(cancel, "link", "add", "veth0", "netns", hosts.Server.NetworkNamespace!, "type", "veth", "peer", "name", "veth0", "netns", hosts.Endpoint.NetworkNamespace!);
            await hosts.RaiseAsync(hosts.Server, ServerAddress, cancel);
            await hosts.RaiseAsync(hosts.Endpoint, EndpointAddress, cancel);
            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in new[] { Server, Endpoint })
        {
            try
            {
                await Ip(CancellationToken.None, "netns", "del", host.NetworkNamespace!);
            }
            catch (CommandFailedException)
            {
                // It was never made, or is gone already: either way it is not there.
            }
        }
    }

    private async Task RaiseAsync(Host host, string address, CancellationToken cancel)
    {
        await Ip(cancel, "-n", host.NetworkNamespace!, "link", "set", "lo", "up");
        await Ip(cancel, "-n", host.NetworkNamespace!, "addr", "add", $"{address}/30", "dev", "veth0");
        await Ip(cancel, "-n", host.NetworkNamespace!, "link", "set", "veth0", "up");
    }

    private static Task<string> Ip(CancellationToken cancel, params string[] arguments) =>
        ChildProcess.RunAsync(Host.Here, ["ip", .. arguments], cancel);
}
