using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Caisson.Endpoint.LocalPage;

/// <summary>
/// Who may use the local page: a browser on this PC that opened a one-time link. The Host header is checked on every request
/// (a foreign name that resolves to 127.0.0.1 is a DNS-rebinding attack) and the Origin header on everything but plain page loads.
/// </summary>
internal sealed class Admittance(EndpointPaths paths, TimeProvider time)
{
    public const string Cookie = "caisson-local";

    private const int MostSessions = 16;

    /// <summary>Whatever is done with it: a browser sends a cookie of 127.0.0.1 to every port, so what gets out that way ends within a day's work.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromHours(12);

    private readonly Lock gate = new();
    private readonly Queue<(string Secret, DateTimeOffset OpenedAt)> sessions = new();

    public int Port { get; set; }

    public bool IsOurHost(HttpRequest request) => request.Host.Port == Port && request.Host.Host is "127.0.0.1" or "localhost";

    /// <summary>No Origin is a page load or a script of this PC's own, which the cookie then decides.</summary>
    public static bool IsOurOrigin(HttpRequest request, bool required)
    {
        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 ? !required : origin == $"http://{request.Host.Value}";
    }

    public bool HasSession(HttpRequest request)
    {
        var offered = request.Cookies[Cookie];
        if (offered is null)
        {
            return false;
        }

        lock (gate)
        {
            var now = time.GetUtcNow();
            return sessions.Any(s => (now - s.OpenedAt).Duration() < Life
                && CryptographicOperations.FixedTimeEquals(System.Text.Encoding.ASCII.GetBytes(s.Secret), System.Text.Encoding.UTF8.GetBytes(offered)));
        }
    }

    /// <summary>Trades a link for a cookie; false when the link is used, old or invented.</summary>
    public bool TryOpen(string secret, HttpResponse response)
    {
        if (!OneTimeLinks.Use(paths, secret, time.GetUtcNow()))
        {
            return false;
        }

        var session = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        lock (gate)
        {
            sessions.Enqueue((session, time.GetUtcNow()));
            if (sessions.Count > MostSessions)
            {
                sessions.Dequeue();
            }
        }

        response.Cookies.Append(Cookie, session, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = Life, IsEssential = true });
        return true;
    }
}
