namespace Caisson.ControlPlane.Hosting;

/// <summary>What browsers are told on the people listener.</summary>
internal static class SecurityHeaders
{
    // Inline styles: Blazor and noVNC set some. Inline scripts: none, but on the API's own documentation page, which is made of them.
    private const string Policy = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";
    private const string DocumentationPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/scalar", StringComparison.Ordinal) ? DocumentationPolicy : Policy;
        return next(context);
    });
}
