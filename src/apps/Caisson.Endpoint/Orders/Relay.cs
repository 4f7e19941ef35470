using System.Net.Sockets;
using System.Net.WebSockets;

namespace Caisson.Endpoint.Orders;

/// <summary>Carries bytes between a WebSocket (binary messages) and a Unix socket, both ways, until one of them ends.</summary>
internal static class Relay
{
    private const int BufferBytes = 64 * 1024;

    public static async Task RunAsync(WebSocket web, Socket unix, CancellationToken ct)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(ct); // the caller, or the first direction to end
        var directions = (Task[])[ToWebAsync(web, unix, end.Token), ToUnixAsync(web, unix, end.Token)];
        await Task.WhenAny(directions);
        await end.CancelAsync();
        await Task.WhenAll(directions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // A broken display is an ended one.
        if (web.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await web.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ToWebAsync(WebSocket web, Socket unix, CancellationToken ct)
    {
        var buffer = new byte[BufferBytes];
        while (await unix.ReceiveAsync(buffer, ct) is > 0 and var count)
        {
            await web.SendAsync(buffer.AsMemory(0, count), WebSocketMessageType.Binary, endOfMessage: true, ct);
        }
    }

    private static async Task ToUnixAsync(WebSocket web, Socket unix, CancellationToken ct)
    {
        var buffer = new byte[BufferBytes];
        while (true)
        {
            var received = await web.ReceiveAsync(buffer.AsMemory(), ct);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            for (var sent = 0; sent < received.Count;)
            {
                sent += await unix.SendAsync(buffer.AsMemory(sent, received.Count - sent), ct);
            }
        }
    }
}
