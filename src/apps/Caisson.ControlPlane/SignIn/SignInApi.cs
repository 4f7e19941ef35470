using System.Security.Claims;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Caisson.ControlPlane.SignIn;

/// <summary>How people and programs are let in: a cookie from a one-time link, or an API token.</summary>
internal static class SignInApi
{
    /// <summary>Scheme that asks the one of the two that the request carries.</summary>
    private const string People = "People";

    public static void AddSignIn(this WebApplicationBuilder builder, DataFolder folder)
    {
        builder.Services.AddDataProtection().SetApplicationName("caisson").PersistKeysToFileSystem(new DirectoryInfo(folder.CookieKeys));
        builder.Services.AddAuthentication(People)
            .AddPolicyScheme(People, null, o => o.ForwardDefaultSelector = context => Selects(context))
            .AddScheme<AuthenticationSchemeOptions, ApiTokenHandler>(ApiTokenHandler.Name, null)
            .AddScheme<AuthenticationSchemeOptions, Certificates.EndpointCertificateHandler>(Certificates.EndpointCertificateHandler.Name, null)
            .AddCookie(ConfigureCookie);
        builder.Services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
    }

    public static void MapSignIn(this WebApplication app)
    {
        app.MapGet("/sign-in", SignInAsync).AllowAnonymous().ExcludeFromDescription();
        app.MapPost("/sign-out", () => TypedResults.SignOut(new AuthenticationProperties { RedirectUri = "/sign-in" }, [CookieAuthenticationDefaults.AuthenticationScheme])).ExcludeFromDescription();
    }

    private static string Selects(HttpContext context) =>
        context.Features.Get<Listener>()?.Kind == ListenerKind.Endpoints ? Certificates.EndpointCertificateHandler.Name
        : context.Request.Headers.Authorization.Count > 0 ? ApiTokenHandler.Name
        : CookieAuthenticationDefaults.AuthenticationScheme;

    private static void ConfigureCookie(CookieAuthenticationOptions o)
    {
        o.Cookie.Name = "caisson";
        o.Cookie.HttpOnly = true;
        o.Cookie.SameSite = SameSiteMode.Strict;
        o.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;

        // A browser sends the cookies of localhost to every port of it: one that another program there has seen ends the same day.
        o.ExpireTimeSpan = TimeSpan.FromHours(12);
        o.SlidingExpiration = false;
        o.Events.OnRedirectToLogin = context =>
        {
            // Programs get a refusal they can read; people get the page that says how to sign in.
            if (IsForPrograms(context.Request.Path))
            {
                if (context.Request.Path.StartsWithSegments(Routes.Registry, StringComparison.Ordinal))
                {
                    context.Response.Headers.WWWAuthenticate = "Basic realm=\"Caisson\"";
                }

                return Problems.WriteAsync(context.HttpContext, StatusCodes.Status401Unauthorized, ProblemCodes.SignInNeeded, "Sign in first, or send an API token: Authorization: Bearer TOKEN.");
            }

            context.Response.Redirect("/sign-in");
            return Task.CompletedTask;
        };
    }

    private static bool IsForPrograms(PathString path) =>
        path.StartsWithSegments("/api", StringComparison.Ordinal) || path.StartsWithSegments(Routes.Registry, StringComparison.Ordinal) || path.StartsWithSegments("/gateway", StringComparison.Ordinal) || path.StartsWithSegments("/openapi", StringComparison.Ordinal);

    private static async Task<IResult> SignInAsync(string? token, HttpContext context, ServerDb db, TimeProvider time, CancellationToken cancellationToken)
    {
        if (token is null || !await SignInLinks.RedeemAsync(db, time, token, cancellationToken))
        {
            return SignInPage.HowTo(isUsedUp: token is not null);
        }

        db.Record(time, "console", ActivityKinds.SignedIn, "Somebody signed in to the console with a one-time link.");
        await db.SaveChangesAsync(cancellationToken);
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "console")], CookieAuthenticationDefaults.AuthenticationScheme)));
        return SignInPage.SignedIn();
    }
}
