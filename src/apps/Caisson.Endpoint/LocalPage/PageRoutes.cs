using System.Reflection;
using System.Text;
using Caisson.Endpoint.Reconcile;
using Caisson.Protocol;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;

namespace Caisson.Endpoint.LocalPage;

/// <summary>What the page is made of and what it may ask for; who is let in is decided before (<see cref="LocalServer"/>).</summary>
internal static class PageRoutes
{
    private const string NoVncFolder = "/usr/share/novnc";

    public static void Map(WebApplication app, LocalPageContent content)
    {
        if (Directory.Exists(NoVncFolder))
        {
            app.UseStaticFiles(new StaticFileOptions { FileProvider = new PhysicalFileProvider(NoVncFolder), RequestPath = "/novnc" });
        }

        var pictures = new Pictures(TimeProvider.System);
        app.MapGet("/", () => Page("index.html", "text/html; charset=utf-8"));
        app.MapGet("/screen/{id}", () => Page("screen.html", "text/html; charset=utf-8"));
        app.MapGet("/app.css", () => Page("app.css", "text/css; charset=utf-8"));
        app.MapGet("/tokens.css", () => Page("tokens.css", "text/css; charset=utf-8"));
        app.MapGet("/fonts/inter.woff2", () => Page("inter.woff2", "font/woff2"));
        foreach (var script in (string[])["app.js", "tile.js", "words.js", "look.js", "keys.js", "screen.js"])
        {
            app.MapGet("/" + script, () => Page(script, "text/javascript; charset=utf-8"));
        }

        app.MapGet("/api/status", () => content.Status() is { } status ? Results.Bytes(status.ToJson(), "application/json") : Results.NotFound());
        app.MapGet("/api/events", (HttpContext c) => EventStream.RunAsync(c, content));
        app.MapGet("/api/workspaces/{id}/picture", (HttpContext c, string id) => PictureAsync(content, pictures, id, c.RequestAborted));
        app.MapPost("/api/workspaces/{id}/{wish}", (string id, string wish) => Ask(content, id, wish));
        app.MapPost("/api/pc/{step}", (string step) => Switch(content, step));
        app.Map("/display/{id}", (HttpContext c, string id) => Displays.RunAsync(c, content, id));
    }

    public static string Closed(string what) =>
        $"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Caisson</title><link rel=\"stylesheet\" href=\"/app.css\"><main class=\"closed\"><h1>{what}</h1><p>Make a new link on this PC: <code>caissond link --data DIR</code></p></main></html>";

    public static IResult ClosedPage(string what) => Results.Content(Closed(what), "text/html; charset=utf-8", Encoding.UTF8, StatusCodes.Status403Forbidden);

    private static async Task<IResult> PictureAsync(LocalPageContent content, Pictures pictures, string id, CancellationToken ct) =>
        content.Find(new WorkspaceId(id)) is { } owner && await pictures.OfAsync(owner, ct) is { } png ? Results.Bytes(png, "image/png") : Results.NotFound();

    private static IResult Ask(LocalPageContent content, string id, string wish)
    {
        if (content.Find(new WorkspaceId(id)) is not { } owner)
        {
            return Results.NotFound();
        }

        switch (wish)
        {
            case "later":
                owner.Defer();
                return Results.Accepted();
            case "open":
                content.Show(owner.Id);
                break;
            default:
                break;
        }

        var asked = wish switch { "start" or "open" or "resume" => Wish.Start, "suspend" => Wish.Suspend, "stop" => Wish.Stop, "restart" => Wish.Restart, _ => Wish.None };
        if (asked == Wish.None)
        {
            return Results.NotFound();
        }

        _ = owner.AskAsync(asked); // The page sees the outcome in the status.
        return Results.Accepted();
    }

    private static IResult Switch(LocalPageContent content, string step)
    {
        PowerStep? asked = step switch { "off" => PowerStep.Off, "restart" => PowerStep.Restart, _ => null };
        if (content.Power is not { } power || asked is not { } one)
        {
            return Results.NotFound();
        }

        power.Ask(one);
        return Results.Accepted();
    }

    private static IResult Page(string name, string type)
    {
        var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"wwwroot/{name}");
        return stream is null ? Results.NotFound() : Results.Stream(stream, type);
    }
}
