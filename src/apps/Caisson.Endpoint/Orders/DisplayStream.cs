using System.Net.Sockets;
using System.Net.WebSockets;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Caisson.Protocol;

namespace Caisson.Endpoint.Orders;

/// <summary>Opens a managed workspace's display outward to the gateway and carries RFB bytes until either side ends.</summary>
internal static class DisplayStream
{
    /// <summary>Returns when the stream is open; it then lives by itself until an end closes.</summary>
    public static async Task<string?> OpenAsync(WorkspaceOwner owner, string stream, ServerLink link, CancellationToken opening, CancellationToken ct)
    {
        if (owner.Record.Kind == WorkspaceKind.Personal)
        {
            throw new InvalidOperationException("A personal workspace is shown to nobody but its user.");
        }

        if (owner.Machine is not { } machine || !Reconciler.IsUp(owner.Status.State))
        {
            return "The workspace is not running, so there is no display.";
        }

        var vnc = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var socket = new ClientWebSocket();
        try
        {
            await vnc.ConnectAsync(new UnixDomainSocketEndPoint(machine.VncSocketPath), opening);
            socket.Options.KeepAliveInterval = TimeSpan.FromSeconds(20);
            var address = new UriBuilder(new Uri(link.Enrolment.Url, $"{Routes.Stream}/{stream}")) { Scheme = "wss" }.Uri;
            await socket.ConnectAsync(address, link.Invoker, opening);
        }
        catch (Exception e) when (e is SocketException or WebSocketException or HttpRequestException)
        {
            vnc.Dispose();
            socket.Dispose();
            return $"The display stream could not be opened: {e.Message}";
        }

        _ = CarryAsync(socket, vnc, ct);
        return null;
    }

    private static async Task CarryAsync(ClientWebSocket socket, Socket vnc, CancellationToken ct)
    {
        using (socket)
        using (vnc)
        {
            await Relay.RunAsync(socket, vnc, ct);
        }
    }
}
