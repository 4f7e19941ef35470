using System.Globalization;
using Caisson.ControlPlane.Catalogue;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.ControlPlane.Registry;
using Caisson.Protocol;
using Microsoft.EntityFrameworkCore;
using Microsoft.Net.Http.Headers;

namespace Caisson.ControlPlane.Fleet;

/// <summary>What an enrolled endpoint asks and says: desired state, reports, pictures. The endpoint is who its certificate says.</summary>
internal static class EndpointApi
{
    private static readonly TimeSpan s_longestHold = TimeSpan.FromSeconds(30);

    /// <summary>A report of 64 workspaces with full facts is well under this.</summary>
    private const int MaxReportBytes = 1 << 20;

    /// <summary>Some bytes around the largest profile.</summary>
    private const int MaxProfileBytes = 3 << 20;

    public static void MapEndpointApi(this WebApplication app)
    {
        var routes = app.MapGroup("").OnListener(ListenerKind.Endpoints).ExcludeFromDescription();
        routes.MapGet(Routes.DesiredState, DesiredStateAsync);
        routes.MapPost(Routes.Report, ReportAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MaxReportBytes));
        routes.MapPost(Routes.Evidence + "/{workspace}/{id}/{what}", EvidenceAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(Screenshots.MaxBytes));
        routes.MapPost(Routes.Screenshot + "/{workspace}", ScreenshotAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(Screenshots.MaxBytes));
        routes.MapPost(Routes.BootProfiles + "/{image}/{digest}", BootProfileAsync).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MaxProfileBytes));
    }

    private static async Task<IResult> EvidenceAsync(string workspace, string id, string what, HttpContext context, EvidenceDesk evidence, CancellationToken cancellationToken)
    {
        switch (what)
        {
            case "screen":
                await evidence.KeepScreenAsync(context.Actor(), workspace, id, context.Request.Body, cancellationToken);
                return TypedResults.NoContent();
            case "serial":
                await evidence.KeepSerialAsync(context.Actor(), workspace, id, context.Request.Body, cancellationToken);
                return TypedResults.NoContent();
            default:
                throw RequestRefused.NotFound("Evidence has a screen and a serial log, nothing else.");
        }
    }

    private static async Task<IResult> DesiredStateAsync(int? wait, HttpContext context, DesiredStates states, DesiredStateChanges changes, Presence presence, EndpointAttention attention, ServerConfig config, TimeProvider time, CancellationToken cancellationToken)
    {
        var id = context.Actor();
        presence.Seen(id);
        var hold = TimeSpan.FromSeconds(Math.Clamp(wait ?? 0, 0, s_longestHold.TotalSeconds));
        var started = time.GetTimestamp();
        DesiredState state;
        while (true)
        {
            var changed = changes.Next(id);
            state = await states.GetAsync(id, cancellationToken);
            var left = hold - time.GetElapsedTime(started);
            if (!IsKnown(context, state) || left <= TimeSpan.Zero)
            {
                break;
            }

            await Task.WhenAny(changed, Task.Delay(left, time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }

        WriteHeaders(context, state, attention.Has(id), config.PollSeconds);
        return IsKnown(context, state)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(states.Sign(state).ToJson(), "application/json");
    }

    private static bool IsKnown(HttpContext context, DesiredState state) =>
        string.Equals(context.Request.Headers.IfNoneMatch, ETag(state), StringComparison.Ordinal);

    private static string ETag(DesiredState state) => string.Create(CultureInfo.InvariantCulture, $"\"{state.Sequence}\"");

    private static void WriteHeaders(HttpContext context, DesiredState state, bool isOpen, int pollSeconds)
    {
        var headers = context.Response.Headers;
        headers[HeaderNames.ETag] = ETag(state);
        headers[HeaderNames.CacheControl] = "no-store";

        // Up to a fifth later, so that a fleet that was switched on together does not poll together for ever.
        var next = pollSeconds + (pollSeconds * 0.2 * Random.Shared.NextDouble());
        headers[Routes.NextPollHeader] = next.ToString("0.0", CultureInfo.InvariantCulture);
        if (isOpen || state.Orders.Count > 0)
        {
            headers[Routes.HoldHeader] = s_longestHold.TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
        }
    }

    private static async Task<IResult> ReportAsync(EndpointReport report, HttpContext context, Reports reports, Presence presence, CancellationToken cancellationToken)
    {
        var id = context.Actor();
        if (!string.Equals(report.Endpoint.Value, id, StringComparison.Ordinal))
        {
            throw RequestRefused.BadInput($"The report is of endpoint '{report.Endpoint}', but the certificate is of '{id}'.");
        }

        presence.Seen(id);
        await reports.AcceptAsync(id, report, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> ScreenshotAsync(string workspace, HttpContext context, Screenshots screenshots, CancellationToken cancellationToken)
    {
        await screenshots.KeepAsync(context.Actor(), workspace, context.Request.Body, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<IResult> BootProfileAsync(string image, string digest, HttpContext context, RegistryAccess access, BootProfiles profiles, CancellationToken cancellationToken)
    {
        await access.RequireAsync(context, image);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, cancellationToken);
        await profiles.TakeAsync(context.Actor(), image, digest, body.ToArray(), cancellationToken);
        return TypedResults.NoContent();
    }
}
