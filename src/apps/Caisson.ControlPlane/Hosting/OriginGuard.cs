using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Caisson.ControlPlane.Hosting;

/// <summary>
/// Keeps other sites' pages away from the people listener. Host must be ours, or a page that rebinds its own name to this address could
/// read answers; Origin must be ours wherever a cookie could act for somebody: unsafe methods and WebSockets.
/// </summary>
internal sealed class OriginGuard(ServerConfig config)
{
    public void Use(WebApplication app) => app.Use(async (context, next) =>
    {
        if (context.Features.Get<Listener>()?.Kind == ListenerKind.People && !IsOurHost(context))
        {
            await Problems.WriteAsync(context, StatusCodes.Status421MisdirectedRequest, ProblemCodes.WrongOrigin, $"This server is not '{context.Request.Host}'. Open it as {config.Url}");
            return;
        }

        await next(context);
    });

    /// <summary>Runs after authentication, which says whether a cookie is what lets this request in.</summary>
    public void UseForCookies(WebApplication app) => app.Use(async (context, next) =>
    {
        var byCookie = context.User.Identity is { IsAuthenticated: true, AuthenticationType: CookieAuthenticationDefaults.AuthenticationScheme };
        if (byCookie && (IsUnsafe(context.Request.Method) || context.WebSockets.IsWebSocketRequest) && !IsOurOrigin(context))
        {
            await Problems.WriteAsync(context, StatusCodes.Status403Forbidden, ProblemCodes.WrongOrigin, "This request came from another site's page and was refused.");
            return;
        }

        await next(context);
    });

    /// <summary>Whether the request says that it comes from a page of this very server. A missing Origin is a no.</summary>
    public static bool IsOurOrigin(HttpContext context) =>
        Uri.TryCreate(context.Request.Headers.Origin, UriKind.Absolute, out var origin)
        && string.Equals(origin.Scheme, context.Request.Scheme, StringComparison.OrdinalIgnoreCase)
        && string.Equals(origin.Authority, new Uri($"{context.Request.Scheme}://{context.Request.Host}").Authority, StringComparison.OrdinalIgnoreCase);

    private bool IsOurHost(HttpContext context)
    {
        var host = context.Request.Host;

        // Port 0 in the configuration is "any free one" (tests): then the port is the connection's.
        var port = config.Url.Port == 0 ? context.Connection.LocalPort : config.Url.Port;
        var standardPort = context.Request.IsHttps ? 443 : 80;
        if ((host.Port ?? standardPort) != port)
        {
            return false;
        }

        return string.Equals(host.Host, config.Url.Host, StringComparison.OrdinalIgnoreCase)
            || (config.Url.IsLoopback && (host.Host is "localhost" or "127.0.0.1" or "[::1]"));
    }

    private static bool IsUnsafe(string method) => !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method));
}
