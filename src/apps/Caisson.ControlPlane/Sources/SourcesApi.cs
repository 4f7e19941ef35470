using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Caisson.ControlPlane.Sources;

/// <summary>The people API's part about where PCs take images from.</summary>
internal static class SourcesApi
{
    public static void MapSourcesApi(this RouteGroupBuilder api)
    {
        var routes = api.MapGroup("/sources").WithTags("Sources");
        routes.MapGet("", (SourceList list) => TypedResults.Ok(new ImageSourceList(list.All))).WithName("ListSources");
        routes.MapPut("", async Task<Ok<ImageSourceList>> (ImageSourceList wanted, HttpContext context, SourceList list, ServerDb db, TimeProvider time, CancellationToken ct) =>
        {
            list.Set(wanted.Items);
            db.Record(time, context.Actor(), ActivityKinds.SourcesSet, wanted.Items.Count == 0 ? "PCs take images from this server alone." : $"PCs take images from {string.Join(", ", wanted.Items.Select(Words))} before this server.");
            await db.SaveChangesAsync(ct);
            return TypedResults.Ok(new ImageSourceList(list.All));
        }).WithName("SetSources");
    }

    private static string Words(ImageSource source) => source.Image is { } image ? $"{source.Address} ({image})" : $"{source.Address}";
}
