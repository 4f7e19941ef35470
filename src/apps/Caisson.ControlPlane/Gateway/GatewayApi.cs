using System.Net.WebSockets;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Gateway;

/// <summary>
/// Where a browser meets a display that an endpoint opened outward. The browser comes to /gateway/{stream} on the people listener, the endpoint
/// to /v1/streams/{stream} on its own; bytes go both ways through one bounded buffer each, and are never parsed.
/// </summary>
internal static class GatewayApi
{
    private const int BufferBytes = 64 * 1024;

    /// <summary>How long a side is given to take its end.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    public static void MapGateway(this WebApplication app)
    {
        app.MapGet("/gateway/{stream}", BrowserAsync).ExcludeFromDescription();
        app.MapGet(Routes.Stream + "/{stream}", EndpointAsync).OnListener(ListenerKind.Endpoints).ExcludeFromDescription();
    }

    private static async Task BrowserAsync(string stream, HttpContext context, DisplayStreams streams, IDbContextFactory<ServerDb> database, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        RequireWebSocket(context);
        if (!OriginGuard.IsOurOrigin(context))
        {
            throw new RequestRefused(StatusCodes.Status403Forbidden, ProblemCodes.WrongOrigin, "A display is shown to a page of this server only.");
        }

        var display = streams.Find(stream);
        display.TakeBrowserSide();

        // Ends by: the browser gone, the server stopping.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            // noVNC before 1.3 insists on the subprotocol "binary".
            var protocol = context.WebSockets.WebSocketRequestedProtocols.Contains("binary") ? "binary" : null;
            using var browser = await context.WebSockets.AcceptWebSocketAsync(protocol);
            var left = display.ExpiresAt - time.GetUtcNow();
            var endpoint = await display.Endpoint.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, ending.Token);
            AccessLog.CountStream(context, await PumpAsync(browser, endpoint, ending));
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException or WebSocketException)
        {
            // A display that ends is not a fault; the page says "disconnected" and offers to open it again.
        }
        finally
        {
            display.End();
            streams.Forget(stream);
            await RecordEndAsync(database, time, display);
        }
    }

    private static async Task EndpointAsync(string stream, HttpContext context, DisplayStreams streams, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        RequireWebSocket(context);
        var display = streams.Find(stream);
        if (!string.Equals(display.EndpointId, context.Actor(), StringComparison.Ordinal))
        {
            throw RequestRefused.NotFound("This display stream does not exist, was used already, or has expired.");
        }

        display.TakeEndpointSide();
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        display.Meet(socket);
        try
        {
            var left = display.ExpiresAt - time.GetUtcNow();
            await Task.WhenAny(display.BrowserCame, Task.Delay(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, ending.Token));
            if (display.BrowserCame.IsCompleted)
            {
                await display.Ended.WaitAsync(ending.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Gone, or the server stops: the pump sees its socket closed.
        }
        finally
        {
            // Nobody else will: a stream that counts as met does not expire.
            if (!display.BrowserCame.IsCompleted)
            {
                streams.Forget(stream);
            }
        }
    }

    /// <returns>Bytes sent to the browser.</returns>
    private static async Task<long> PumpAsync(WebSocket browser, WebSocket endpoint, CancellationTokenSource ending)
    {
        var toBrowser = CopyAsync(endpoint, browser, ending.Token);
        var toEndpoint = CopyAsync(browser, endpoint, ending.Token);
        await Task.WhenAny(toBrowser, toEndpoint);

        // One side has ended: say so to both and give the other a moment to say so too. Then stop its copy, which may wait for bytes for
        // ever; that resets the connection, and a reset overtakes a close that is still on its way.
        await CloseAsync(browser);
        await CloseAsync(endpoint);
        await Task.WhenAny(Task.WhenAll(toBrowser, toEndpoint), Task.Delay(s_patience, CancellationToken.None));
        await ending.CancelAsync();
        await Task.WhenAll(toBrowser, toEndpoint);
        return await toBrowser;
    }

    private static async Task<long> CopyAsync(WebSocket from, WebSocket to, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        long copied = 0;
        try
        {
            while (true)
            {
                var got = await from.ReceiveAsync(buffer.AsMemory(), cancellationToken);
                if (got.MessageType == WebSocketMessageType.Close)
                {
                    return copied;
                }

                await to.SendAsync(buffer.AsMemory(0, got.Count), WebSocketMessageType.Binary, got.EndOfMessage, cancellationToken);
                copied += got.Count;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or InvalidOperationException)
        {
            return copied;
        }
    }

    private static async Task CloseAsync(WebSocket socket)
    {
        try
        {
            if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                using var patience = new CancellationTokenSource(s_patience);
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or InvalidOperationException)
        {
            // It is gone already.
        }
    }

    private static async Task RecordEndAsync(IDbContextFactory<ServerDb> database, TimeProvider time, DisplayStream display)
    {
        await using var db = await database.CreateDbContextAsync(CancellationToken.None);
        db.Record(time, "server", ActivityKinds.DisplayClosed, $"The display of {display.WorkspaceId} was closed.", display.EndpointId);
        await db.SaveChangesAsync(CancellationToken.None);
    }

    private static void RequireWebSocket(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            throw RequestRefused.BadInput("This address takes WebSockets only.");
        }
    }
}
