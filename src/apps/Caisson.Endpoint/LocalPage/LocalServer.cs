using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.LocalPage;

/// <summary>
/// The page for the person at the PC. On an existing Linux on loopback, for a browser that opened a one-time link; on the appliance on a Unix
/// socket, for whom the folder's mode lets near it, and then no port is opened. The one way to a personal workspace's screen: it never leaves this
/// machine.
/// </summary>
internal sealed class LocalServer : IAsyncDisposable
{
    private readonly WebApplication? app;

    private LocalServer(WebApplication? app, int port) => (this.app, Port) = (app, port);

    /// <summary>0 when there is no port: the page is on a Unix socket, or could not be opened.</summary>
    public int Port { get; }

    /// <summary>A port in use costs the page, not the workspaces.</summary>
    public static async Task<LocalServer> StartAsync(EndpointPaths paths, int port, LocalPageContent content, ILogger log, CancellationToken ct)
    {
        var built = Build(k => k.Listen(IPAddress.Loopback, port));
        var admittance = new Admittance(paths, TimeProvider.System);
        built.Use((context, next) => GuardAsync(context, next, admittance));
        built.MapGet("/open", (HttpContext c, string? link) => admittance.TryOpen(link ?? "", c.Response)
            ? Results.Content("<!doctype html><meta http-equiv=\"refresh\" content=\"0;url=/\">", "text/html; charset=utf-8") // A redirect would lose the strict cookie when another site's page linked here.
            : PageRoutes.ClosedPage("This link was used or is too old."));
        PageRoutes.Map(built, content);
        try
        {
            await built.StartAsync(ct);
        }
        catch (IOException e)
        {
            Log.NoLocalPage(log, port, e.Message);
            await built.DisposeAsync();
            return new LocalServer(null, 0);
        }

        admittance.Port = new Uri(built.Urls.First()).Port;
        Log.LocalPage(log, admittance.Port);
        return new LocalServer(built, admittance.Port);
    }

    /// <summary>The same without a port. Whoever reaches the socket is the person at the PC; what a page of another origin sends is still turned away.</summary>
    public static async Task<LocalServer> StartAsync(string socket, LocalPageContent content, ILogger log, CancellationToken ct)
    {
        File.Delete(socket); // Left by a caissond that was killed; the data folder's lock says there is no other.
        var built = Build(k => k.ListenUnixSocket(socket));
        built.Use(GuardSocketAsync);
        PageRoutes.Map(built, content);
        await built.StartAsync(ct);
        File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
        Log.PageSocket(log, socket);
        return new LocalServer(built, 0);
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1)); // Open event streams would hold it.
            await app.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await app.DisposeAsync();
        }
    }

    private static WebApplication Build(Action<KestrelServerOptions> listen)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = 4096;
            k.Limits.MinResponseDataRate = null; // A window out of sight reads nothing for hours.
            listen(k);
        });
        var built = builder.Build();
        built.UseWebSockets();
        return built;
    }

    private static async Task GuardAsync(HttpContext context, RequestDelegate next, Admittance admittance)
    {
        var request = context.Request;
        Protect(context.Response);
        var isSocket = context.WebSockets.IsWebSocketRequest || request.Path.StartsWithSegments("/display", StringComparison.Ordinal);
        if (!admittance.IsOurHost(request) || !Admittance.IsOurOrigin(request, required: isSocket || !HttpMethods.IsGet(request.Method)))
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return;
        }

        if (request.Path != "/open" && request.Path != "/app.css" && request.Path != "/tokens.css" && !admittance.HasSession(request))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.ContentType = "text/html; charset=utf-8";
            await context.Response.WriteAsync(PageRoutes.Closed("This page belongs to the person at this PC."), context.RequestAborted);
            return;
        }

        await next(context);
    }

    private static Task GuardSocketAsync(HttpContext context, RequestDelegate next)
    {
        Protect(context.Response);
        var request = context.Request;
        if (request.Host.Host == "localhost" && Admittance.IsOurOrigin(request, required: context.WebSockets.IsWebSocketRequest || !HttpMethods.IsGet(request.Method)))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
        return Task.CompletedTask;
    }

    private static void Protect(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.CacheControl = "no-store";
    }
}
