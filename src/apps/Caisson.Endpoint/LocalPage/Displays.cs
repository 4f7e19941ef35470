using System.Net.Sockets;
using Caisson.Endpoint.Orders;
using Caisson.Endpoint.Reconcile;
using Caisson.Machines;
using Caisson.Protocol;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Caisson.Endpoint.LocalPage;

/// <summary>A workspace's screen for the person at the PC: to a browser over a WebSocket, to the switcher as it is (<c>Upgrade: rfb</c>).</summary>
internal static class Displays
{
    public static async Task RunAsync(HttpContext context, LocalPageContent content, string id)
    {
        var upgrade = context.Features.Get<IHttpUpgradeFeature>();
        var isPlain = upgrade is { IsUpgradableRequest: true } && context.Request.Headers.Upgrade == "rfb";
        if ((!isPlain && !context.WebSockets.IsWebSocketRequest) || await ConnectAsync(content, id, context.RequestAborted) is not { } vnc)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using (vnc)
        {
            if (isPlain)
            {
                context.Response.Headers.Upgrade = "rfb";
                await using var stream = await upgrade!.UpgradeAsync();
                await RelayAsync(stream, vnc, context.RequestAborted);
                return;
            }

            using var web = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.Contains("binary") ? "binary" : null);
            await Relay.RunAsync(web, vnc, context.RequestAborted);
        }
    }

    private static async Task<Socket?> ConnectAsync(LocalPageContent content, string id, CancellationToken ct)
    {
        if (content.Find(new WorkspaceId(id)) is not { Machine: { } machine } owner || !Reconciler.IsUp(owner.Status.State))
        {
            return null;
        }

        var vnc = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await vnc.ConnectAsync(new UnixDomainSocketEndPoint(machine.VncSocketPath), ct);
            return vnc;
        }
        catch (SocketException)
        {
            vnc.Dispose();
            return null;
        }
    }

    /// <summary>Until one of the two ends.</summary>
    private static async Task RelayAsync(Stream stream, Socket vnc, CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct); // the caller, or the first direction to end
        await using var machine = new NetworkStream(vnc, ownsSocket: false);
        Task[] directions = [machine.CopyToAsync(stream, end.Token), stream.CopyToAsync(machine, end.Token)];
        await Task.WhenAny(directions);
        await end.CancelAsync();
        await Task.WhenAll(directions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // A broken display is an ended one.
    }
}
