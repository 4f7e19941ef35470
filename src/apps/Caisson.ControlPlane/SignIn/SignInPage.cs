using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Caisson.ControlPlane.SignIn;

/// <summary>The one page for people who are not signed in. Plain HTML in the console's look: it has no session that could hold a circuit.</summary>
internal static class SignInPage
{
    private const string Command = "sudo caisson-server sign-in-link --data /var/lib/caisson-server";

    /// <summary>Says how to get a link; 403 when one was brought that is used up.</summary>
    public static ContentHttpResult HowTo(bool isUsedUp) => Html(isUsedUp ? StatusCodes.Status403Forbidden : StatusCodes.Status200OK, "", $"""
        <h1 class="lead">{(isUsedUp ? "This link is used up." : "Sign in with a one-time link.")}</h1>
        <p>{(isUsedUp ? "A sign-in link works once and for 15 minutes. " : "")}Make a new one on the server and open what it prints:</p>
        <div class="command"><code>{Command}</code><button type="button" class="button small" data-copy="{Command}" aria-label="Copy the command"><span>Copy</span></button></div>
        """);

    /// <summary>Goes on by itself: after a click on another site's page a redirect would not carry the Strict cookie.</summary>
    public static ContentHttpResult SignedIn() => Html(
        StatusCodes.Status200OK,
        "<meta http-equiv=\"refresh\" content=\"0;url=/\">",
        "<h1 class=\"lead\">Signed in. <a href=\"/\">Go to the console</a></h1>");

    private static ContentHttpResult Html(int status, string head, string body) => TypedResults.Content(
        $"""
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">{head}
          <title>Sign in · Caisson</title>
          <link rel="icon" type="image/svg+xml" href="/caisson.svg">
          <link rel="preload" as="font" type="font/woff2" href="/fonts/inter.woff2" crossorigin>
          <link rel="stylesheet" href="/css/tokens.css"><link rel="stylesheet" href="/css/base.css"><link rel="stylesheet" href="/css/frame.css">
          <link rel="stylesheet" href="/css/parts.css"><link rel="stylesheet" href="/css/pages.css">
          <script type="module" src="/js/console.js"></script>
        </head>
        <body><main class="alone"><div><p class="brand"><img src="/caisson.svg" alt="" width="22" height="22">Caisson</p>{body}</div></main></body>
        </html>
        """,
        "text/html",
        Encoding.UTF8,
        status);
}
