using System.Globalization;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>The people API's part about images and generations.</summary>
internal static class CatalogueApi
{
    public static void MapCatalogueApi(this RouteGroupBuilder api)
    {
        var routes = api.MapGroup("/images").WithTags("Images");
        routes.MapGet("", (ServerDb db, string? search, int? offset, int? limit, CancellationToken ct) => db.PageImagesAsync(search, offset ?? 0, limit ?? 50, ct)).WithName("ListImages");
        routes.MapPost("", async Task<Created> (CreateImageRequest request, HttpContext context, Publishing publishing, CancellationToken ct) =>
        {
            await publishing.CreateImageAsync(context.Actor(), request.Name, ct);
            return TypedResults.Created($"/api/images/{request.Name}");
        }).WithName("CreateImage");
        routes.MapGet("/changes", async (string from, string to, ServerDb db, Comparisons comparisons, CancellationToken ct) =>
        {
            var ((fromImage, before), (toImage, after)) = (await db.FindReferenceAsync(from, ct), await db.FindReferenceAsync(to, ct));
            return comparisons.Get(Comparisons.Pair.Of(fromImage, before, toImage, after));
        }).WithName("CompareGenerations");
        routes.MapGet("/{name}/generations", async (string name, ServerDb db, StaleBytes stale, int? offset, int? limit, CancellationToken ct) =>
            await db.PageGenerationsAsync(name, stale, offset ?? 0, limit ?? 50, ct) ?? throw RequestRefused.NotFound($"There is no image '{name}'.")).WithName("ListGenerations");
        routes.MapPost("/{name}/generations", async Task<Created<GenerationInfo>> (string name, PublishGenerationRequest request, HttpContext context, Publishing publishing, CancellationToken ct) =>
        {
            var made = await publishing.PublishAsync(context.Actor(), name, request.ManifestDigest, ct);
            return TypedResults.Created($"/api/images/{name}/generations/{made.Number}", made);
        }).WithName("PublishGeneration");
        routes.MapGet("/{name}/generations/{number:int}", async (string name, int number, ServerDb db, StaleBytes stale, CancellationToken ct) =>
        {
            var found = await db.FindGenerationAsync(name, number, ct);
            return Publishing.Info(name, found) with { StaleBytes = stale.Of(found.ManifestDigest) };
        }).WithName("GetGeneration");
        routes.MapPut("/{name}/generations/{number:int}/state", (string name, int number, SetGenerationStateRequest request, HttpContext context, Publishing publishing, CancellationToken ct) =>
            publishing.SetStateAsync(context.Actor(), name, number, request.State, ct)).WithName("SetGenerationState");
        routes.MapDelete("/{name}/generations/{number:int}", async Task<NoContent> (string name, int number, HttpContext context, StoreCare care, CancellationToken ct) =>
        {
            await care.RemoveAsync(context.Actor(), name, number, ct);
            return TypedResults.NoContent();
        }).WithName("RemoveGeneration");
    }

    public static async Task<Page<ImageInfo>> PageImagesAsync(this ServerDb db, string? search, int offset, int limit, CancellationToken cancellationToken)
    {
        var matching = db.Images.AsNoTracking().Where(i => search == null || i.Name.Contains(search));
        var rows = await matching.OrderBy(i => i.Name).Skip(Math.Max(offset, 0)).Take(Math.Clamp(limit, 1, FleetQueries.MaxPage)).Select(i => new ImageInfo
        {
            Name = i.Name,
            CreatedAt = i.CreatedAt,
            Generations = i.Generations.Count,
            LatestGeneration = i.Generations.Max(g => (int?)g.Number),
            ReleasedGeneration = i.Generations.Where(g => g.State == GenerationState.Released).Max(g => (int?)g.Number),
        }).ToListAsync(cancellationToken);
        return new Page<ImageInfo>(rows, await matching.CountAsync(cancellationToken), Math.Max(offset, 0));
    }

    /// <summary>Newest first; null when there is no such image.</summary>
    public static async Task<Page<GenerationInfo>?> PageGenerationsAsync(this ServerDb db, string image, StaleBytes stale, int offset, int limit, CancellationToken cancellationToken)
    {
        if (!await db.Images.AnyAsync(i => i.Name == image, cancellationToken))
        {
            return null;
        }

        var matching = db.Generations.AsNoTracking().Where(g => g.Image!.Name == image);
        var rows = await matching.OrderByDescending(g => g.Number).Skip(Math.Max(offset, 0)).Take(Math.Clamp(limit, 1, FleetQueries.MaxPage)).ToListAsync(cancellationToken);
        return new Page<GenerationInfo>([.. rows.Select(g => Publishing.Info(image, g) with { StaleBytes = stale.Of(g.ManifestDigest) })], await matching.CountAsync(cancellationToken), Math.Max(offset, 0));
    }

    private static async Task<Generation> FindGenerationAsync(this ServerDb db, string image, int number, CancellationToken cancellationToken) =>
        await db.Generations.AsNoTracking().FirstOrDefaultAsync(g => g.Image!.Name == image && g.Number == number, cancellationToken)
        ?? throw RequestRefused.NotFound($"There is no generation {number} of '{image}'.");

    /// <summary>Finds NAME@NUMBER.</summary>
    private static async Task<(string Image, Generation Generation)> FindReferenceAsync(this ServerDb db, string reference, CancellationToken cancellationToken)
    {
        var at = reference.LastIndexOf('@');
        return at > 0 && int.TryParse(reference.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (reference[..at], await db.FindGenerationAsync(reference[..at], number, cancellationToken))
            : throw RequestRefused.BadInput($"'{reference}' is not a generation; write it as NAME@NUMBER, for example work@3.");
    }
}
