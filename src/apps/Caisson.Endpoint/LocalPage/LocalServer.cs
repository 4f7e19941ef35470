using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using Caisson.Endpoint.Orders;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Reports;
using Caisson.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.LocalPage;

/// <summary>
/// The page for the person at the PC, on loopback only. The one way to a personal workspace's screen: it never leaves this machine.
/// </summary>
internal sealed class LocalServer : IAsyncDisposable
{
    private const string NoVncFolder = "/usr/share/novnc";

    private readonly WebApplication? app;

    private LocalServer(WebApplication? app, int port) => (this.app, Port) = (app, port);

    /// <summary>0 when the page could not be opened.</summary>
    public int Port { get; }

    /// <summary>A port in use costs the page, not the workspaces.</summary>
    public static async Task<LocalServer> StartAsync(EndpointPaths paths, int port, LocalPageContent content, ILogger log, CancellationToken ct)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            k.AddServerHeader = false;
            k.Limits.MaxRequestBodySize = 4096;
            k.Listen(IPAddress.Loopback, port);
        });
        var built = builder.Build();
        var admittance = new Admittance(paths, TimeProvider.System);
        Map(built, admittance, content);
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

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1)); // Open event streams would hold it.
            await app.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await app.DisposeAsync();
        }
    }

    private static void Map(WebApplication app, Admittance admittance, LocalPageContent content)
    {
        app.UseWebSockets();
        app.Use((context, next) => GuardAsync(context, next, admittance));
        if (Directory.Exists(NoVncFolder))
        {
            app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(NoVncFolder), RequestPath = "/novnc" });
        }

        app.MapGet("/open", (HttpContext c, string? link) => admittance.TryOpen(link ?? "", c.Response)
            ? Results.Content("<!doctype html><meta http-equiv=\"refresh\" content=\"0;url=/\">", "text/html; charset=utf-8") // A redirect would lose the strict cookie when another site's page linked here.
            : Results.Content(Closed("This link was used or is too old."), "text/html; charset=utf-8", Encoding.UTF8, 403));
        app.MapGet("/", () => Page("index.html", "text/html; charset=utf-8"));
        app.MapGet("/screen/{id}", () => Page("screen.html", "text/html; charset=utf-8"));
        app.MapGet("/app.css", () => Page("app.css", "text/css; charset=utf-8"));
        app.MapGet("/app.js", () => Page("app.js", "text/javascript; charset=utf-8"));
        app.MapGet("/screen.js", () => Page("screen.js", "text/javascript; charset=utf-8"));
        app.MapGet("/api/status", () => content.Status() is { } status ? Results.Bytes(status.ToJson(), "application/json") : Results.NotFound());
        app.MapGet("/api/events", (HttpContext c) => EventsAsync(c, content));
        app.MapPost("/api/workspaces/{id}/{wish}", (string id, string wish) => Ask(content, id, wish));
        app.Map("/display/{id}", (HttpContext c, string id) => DisplayAsync(c, content, id));
    }

    private static async Task GuardAsync(HttpContext context, RequestDelegate next, Admittance admittance)
    {
        var request = context.Request;
        context.Response.Headers.ContentSecurityPolicy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; connect-src 'self' ws://127.0.0.1:* ws://localhost:*; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["Referrer-Policy"] = "no-referrer";
        context.Response.Headers.CacheControl = "no-store";
        var isSocket = context.WebSockets.IsWebSocketRequest;
        if (!admittance.IsOurHost(request) || !admittance.IsOurOrigin(request, required: isSocket || !HttpMethods.IsGet(request.Method)))
        {
            context.Response.StatusCode = StatusCodes.Status421MisdirectedRequest;
            return;
        }

        if (request.Path != "/open" && request.Path != "/app.css" && !admittance.HasSession(request))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            context.Response.ContentType = "text/html; charset=utf-8";
            await context.Response.WriteAsync(Closed("This page belongs to the person at this PC."), context.RequestAborted);
            return;
        }

        await next(context);
    }

    private static async Task EventsAsync(HttpContext context, LocalPageContent content)
    {
        context.Response.ContentType = "text/event-stream";
        var news = new Signal();
        void Heard(LocalStatus _) => news.Set();
        content.Subscribe(Heard);
        try
        {
            news.Set();
            while (true)
            {
                await news.WaitAsync(context.RequestAborted);
                if (content.Status() is { } status)
                {
                    var oneLine = Encoding.UTF8.GetString(status.ToJson()).ReplaceLineEndings("");
                    await context.Response.WriteAsync($"data: {oneLine}\n\n", context.RequestAborted);
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The page was closed.
        }
        finally
        {
            content.Unsubscribe(Heard);
        }
    }

    private static IResult Ask(LocalPageContent content, string id, string wish)
    {
        if (content.Find(new WorkspaceId(id)) is not { } owner)
        {
            return Results.NotFound();
        }

        if (wish == "later")
        {
            owner.Defer();
            return Results.Accepted();
        }

        var asked = wish switch { "start" or "resume" => Wish.Start, "suspend" => Wish.Suspend, "stop" => Wish.Stop, "restart" => Wish.Restart, _ => Wish.None };
        if (asked == Wish.None)
        {
            return Results.NotFound();
        }

        _ = owner.AskAsync(asked); // The page sees the outcome in the status.
        return Results.Accepted();
    }

    private static async Task DisplayAsync(HttpContext context, LocalPageContent content, string id)
    {
        if (!context.WebSockets.IsWebSocketRequest || content.Find(new WorkspaceId(id)) is not { Machine: { } machine } owner || !Reconciler.IsUp(owner.Status.State))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using var vnc = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await vnc.ConnectAsync(new UnixDomainSocketEndPoint(machine.VncSocketPath), context.RequestAborted);
        }
        catch (SocketException)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        using var web = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.Contains("binary") ? "binary" : null);
        await Relay.RunAsync(web, vnc, context.RequestAborted);
    }

    private static IResult Page(string name, string type)
    {
        var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"wwwroot/{name}");
        return stream is null ? Results.NotFound() : Results.Stream(stream, type);
    }

    private static string Closed(string what) =>
        $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Caisson</title><link rel=\"stylesheet\" href=\"/app.css\"><main class=\"closed\"><h1>{what}</h1><p>Make a new link on this PC: <code>caissond link --data DIR</code></p></main></html>";
}
