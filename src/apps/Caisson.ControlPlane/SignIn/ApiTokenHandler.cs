using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using System.Text.Encodings.Web;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Caisson.ControlPlane.SignIn;

/// <summary>
/// Knows a program by its API token on the people listener: <c>Authorization: Bearer TOKEN</c>, or Basic with the token as the password,
/// which is what stock registry clients send.
/// </summary>
internal sealed class ApiTokenHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    IDbContextFactory<ServerDb> database,
    TimeProvider time) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "ApiToken";

    /// <summary>"Last used" is for people; one write a minute is enough.</summary>
    private static readonly TimeSpan s_lastUsedStep = TimeSpan.FromMinutes(1);

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Context.Features.Get<Listener>()?.Kind != ListenerKind.People || TokenOf(Request.Headers.Authorization) is not { } token)
        {
            return AuthenticateResult.NoResult();
        }

        var hash = Secrets.Hash(token);
        await using var db = await database.CreateDbContextAsync(Context.RequestAborted);
        var row = await db.ApiTokens.AsNoTracking().FirstOrDefaultAsync(t => t.TokenHash == hash, Context.RequestAborted);
        if (row is null)
        {
            return AuthenticateResult.Fail("The API token is not known.");
        }

        var now = time.GetUtcNow();
        if (row.LastUsedAt is null || now - row.LastUsedAt > s_lastUsedStep)
        {
            await db.ApiTokens.Where(t => t.Id == row.Id).ExecuteUpdateAsync(set => set.SetProperty(t => t.LastUsedAt, now), Context.RequestAborted);
        }

        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, row.Name)], Scheme.Name);
        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, StatusCodes.Status401Unauthorized, ProblemCodes.SignInNeeded, "The API token is not known. Make one with 'caisson-server api-token --data DIR'.");

    private static string? TokenOf(string? header)
    {
        if (!AuthenticationHeaderValue.TryParse(header, out var value) || value.Parameter is not { Length: < 512 } parameter)
        {
            return null;
        }

        if (value.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        {
            return parameter;
        }

        var buffer = new byte[parameter.Length];
        return value.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) && Convert.TryFromBase64String(parameter, buffer, out var length)
            && Encoding.UTF8.GetString(buffer, 0, length).Split(':', 2) is [_, var password] ? password : null;
    }
}
