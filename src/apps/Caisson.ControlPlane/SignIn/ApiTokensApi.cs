using Caisson.ControlPlane.Certificates;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.SignIn;

/// <summary>The people API's part about the server itself and its API tokens.</summary>
internal static class ApiTokensApi
{
    public static void MapServerApi(this RouteGroupBuilder api)
    {
        api.MapGet("/server", (ServerAddress address, Authority authority) => new ServerInfo
        {
            Version = typeof(ApiTokensApi).Assembly.GetName().Version?.ToString(3) ?? "0",
            Url = address.People.ToString(),
            EndpointUrl = address.Endpoints.ToString(),
            CaSha256 = authority.Sha256,
        }).WithTags("Server").WithName("GetServer");
        var routes = api.MapGroup("/tokens").WithTags("Tokens");
        routes.MapGet("", async (ServerDb db, int? offset, int? limit, CancellationToken ct) =>
        {
            var rows = await db.ApiTokens.AsNoTracking().OrderBy(t => t.Id).Skip(Math.Max(offset ?? 0, 0)).Take(Math.Clamp(limit ?? 50, 1, FleetQueries.MaxPage))
                .Select(t => new ApiTokenInfo { Id = t.Id, Name = t.Name, CreatedAt = t.CreatedAt, LastUsedAt = t.LastUsedAt }).ToListAsync(ct);
            return new Page<ApiTokenInfo>(rows, await db.ApiTokens.CountAsync(ct), Math.Max(offset ?? 0, 0));
        }).WithName("ListTokens");
        routes.MapPost("", async Task<Created<ApiTokenCreated>> (CreateApiTokenRequest request, HttpContext context, ServerDb db, TimeProvider time, CancellationToken ct) =>
        {
            var made = await ApiTokens.CreateAsync(db, time, context.Actor(), request.Name, ct);
            return TypedResults.Created($"/api/tokens/{made.Id}", made);
        }).WithName("CreateToken");
        routes.MapDelete("/{id:int}", async Task<NoContent> (int id, HttpContext context, ServerDb db, TimeProvider time, CancellationToken ct) =>
        {
            await ApiTokens.DeleteAsync(db, time, context.Actor(), id, ct);
            return TypedResults.NoContent();
        }).WithName("DeleteToken");
    }
}
