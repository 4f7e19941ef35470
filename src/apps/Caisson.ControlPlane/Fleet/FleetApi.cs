using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Enrolment;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>The people API's part about the fleet.</summary>
internal static class FleetApi
{
    public static void MapFleetApi(this RouteGroupBuilder api)
    {
        MapGroups(api.MapGroup("/groups").WithTags("Groups"));
        MapAssignments(api.MapGroup("/assignments").WithTags("Assignments"));
        MapEndpoints(api.MapGroup("/endpoints").WithTags("Endpoints"));
        MapEnrolmentTokens(api.MapGroup("/enrolment-tokens").WithTags("Enrolment"));
        api.MapGet("/activity", (ServerDb db, string? endpoint, string? kind, string? search, int? offset, int? limit, CancellationToken ct) =>
            db.PageActivityAsync(endpoint, kind, search, offset ?? 0, limit ?? 50, ct)).WithTags("Activity").WithName("ListActivity");
    }

    /// <summary>Endpoints heard of since this moment are online: three polls with jitter, and not less than half a minute.</summary>
    public static DateTimeOffset OnlineSince(ServerConfig config, TimeProvider time) =>
        time.GetUtcNow() - TimeSpan.FromSeconds(Math.Max(30, config.PollSeconds * 3.6));

    private static void MapGroups(RouteGroupBuilder routes)
    {
        routes.MapGet("", async (ServerDb db, string? search, int? offset, int? limit, CancellationToken ct) =>
        {
            var matching = db.Groups.AsNoTracking().Where(g => search == null || g.Name.Contains(search));
            var rows = await matching.OrderBy(g => g.Name).Skip(Math.Max(offset ?? 0, 0)).Take(Math.Clamp(limit ?? 50, 1, FleetQueries.MaxPage))
                .Select(g => new GroupInfo { Name = g.Name, Description = g.Description, Endpoints = g.Members.Count, Assignments = g.Assignments.Count, Appliance = g.ApplianceImage }).ToListAsync(ct);
            return new Page<GroupInfo>(rows, await matching.CountAsync(ct), Math.Max(offset ?? 0, 0));
        }).WithName("ListGroups");
        routes.MapPost("", async Task<Created> (CreateGroupRequest request, HttpContext context, FleetChanges fleet, CancellationToken ct) =>
        {
            await fleet.CreateGroupAsync(context.Actor(), request, ct);
            return TypedResults.Created($"/api/groups/{request.Name}");
        }).WithName("CreateGroup");
        routes.MapPut("/{name}/appliance", async Task<NoContent> (string name, SetGroupApplianceRequest request, HttpContext context, FleetChanges fleet, CancellationToken ct) =>
        {
            await fleet.SetApplianceAsync(context.Actor(), name, request.Image, ct);
            return TypedResults.NoContent();
        }).WithName("SetGroupAppliance");
        routes.MapDelete("/{name}", async Task<NoContent> (string name, HttpContext context, FleetChanges fleet, CancellationToken ct) =>
        {
            await fleet.DeleteGroupAsync(context.Actor(), name, ct);
            return TypedResults.NoContent();
        }).WithName("DeleteGroup");
    }

    private static void MapAssignments(RouteGroupBuilder routes)
    {
        routes.MapGet("", async (ServerDb db, string? group, int? offset, int? limit, CancellationToken ct) =>
        {
            var generations = await db.Generations.AsNoTracking().Include(g => g.Image).Where(g => g.State == GenerationState.Released || g.State == GenerationState.Test).ToListAsync(ct);
            var matching = db.Assignments.AsNoTracking().Include(a => a.Group).Where(a => group == null || a.Group!.Name == group);
            var rows = await matching.OrderBy(a => a.Group!.Name).ThenBy(a => a.Id).Skip(Math.Max(offset ?? 0, 0)).Take(Math.Clamp(limit ?? 50, 1, FleetQueries.MaxPage)).ToListAsync(ct);
            return new Page<AssignmentInfo>([.. rows.Select(a => FleetChanges.Info(a, generations))], await matching.CountAsync(ct), Math.Max(offset ?? 0, 0));
        }).WithName("ListAssignments");
        routes.MapPost("", async Task<Created<AssignmentInfo>> (CreateAssignmentRequest request, HttpContext context, FleetChanges fleet, CancellationToken ct) =>
        {
            var made = await fleet.CreateAssignmentAsync(context.Actor(), request, ct);
            return TypedResults.Created($"/api/assignments/{made.Id}", made);
        }).WithName("CreateAssignment");
        routes.MapPatch("/{id:int}", async Task<NoContent> (int id, ChangeAssignmentRequest request, HttpContext context, FleetChanges fleet, CancellationToken ct) =>
        {
            await fleet.ChangeAssignmentAsync(context.Actor(), id, request, ct);
            return TypedResults.NoContent();
        }).WithName("ChangeAssignment");
        routes.MapGet("/{id:int}/rollback", (int id, int to, Rollbacks rollbacks, CancellationToken ct) => rollbacks.PreviewAsync(id, to, ct)).WithName("PreviewRollback");
        routes.MapPut("/{id:int}/generation", async Task<NoContent> (int id, HoldAssignmentRequest request, HttpContext context, Rollbacks rollbacks, CancellationToken ct) =>
        {
            await rollbacks.HoldAsync(context.Actor(), id, request.Generation, ct);
            return TypedResults.NoContent();
        }).WithName("HoldAssignment");
        routes.MapDelete("/{id:int}", async Task<NoContent> (int id, HttpContext context, FleetChanges fleet, CancellationToken ct) =>
        {
            await fleet.DeleteAssignmentAsync(context.Actor(), id, ct);
            return TypedResults.NoContent();
        }).WithName("DeleteAssignment");
    }

    private static void MapEndpoints(RouteGroupBuilder routes)
    {
        routes.MapGet("", (ServerDb db, ServerConfig config, TimeProvider time, string? search, string? group, GenerationHealth? health, int? offset, int? limit, CancellationToken ct) =>
            db.PageEndpointsAsync(new EndpointFilter(search, group, health), offset ?? 0, limit ?? 50, OnlineSince(config, time), ct)).WithName("ListEndpoints");
        routes.MapGet("/{id}", async (string id, ServerDb db, EndpointAttention attention, ServerConfig config, TimeProvider time, CancellationToken ct) =>
        {
            var found = await db.FindEndpointAsync(id, OnlineSince(config, time), ct) ?? throw RequestRefused.NotFound($"There is no endpoint '{id}'.");
            attention.Look(id);
            return found;
        }).WithName("GetEndpoint");
        routes.MapPatch("/{id}", async Task<NoContent> (string id, ChangeEndpointRequest request, HttpContext context, FleetChanges fleet, CancellationToken ct) =>
        {
            await fleet.ChangeEndpointAsync(context.Actor(), id, request, ct);
            return TypedResults.NoContent();
        }).WithName("ChangeEndpoint");
        routes.MapPost("/{id}/revoke", async Task<NoContent> (string id, HttpContext context, FleetChanges fleet, CancellationToken ct) =>
        {
            await fleet.RevokeEndpointAsync(context.Actor(), id, ct);
            return TypedResults.NoContent();
        }).WithName("RevokeEndpoint");
        MapOrders(routes);
        MapEvidence(routes);
    }

    private static void MapOrders(RouteGroupBuilder routes)
    {
        routes.MapGet("/{id}/orders", async (string id, ServerDb db, int? offset, int? limit, CancellationToken ct) =>
        {
            var matching = db.Orders.AsNoTracking().Where(o => o.EndpointId == id);
            var rows = await matching.OrderByDescending(o => o.CreatedAt).Skip(Math.Max(offset ?? 0, 0)).Take(Math.Clamp(limit ?? 50, 1, FleetQueries.MaxPage)).ToListAsync(ct);
            return new Page<OrderInfo>([.. rows.Select(FleetQueries.Info)], await matching.CountAsync(ct), Math.Max(offset ?? 0, 0));
        }).WithName("ListOrders");
        routes.MapPost("/{id}/orders", async Task<Accepted<OrderInfo>> (string id, CreateOrderRequest request, HttpContext context, OrderDesk desk, CancellationToken ct) =>
            TypedResults.Accepted($"/api/endpoints/{id}/orders", await desk.IssueAsync(context.Actor(), id, request, ct))).WithName("CreateOrder");
        routes.MapPost("/{id}/workspaces/{workspace}/display", (string id, string workspace, HttpContext context, OrderDesk desk, CancellationToken ct) =>
            desk.OpenDisplayAsync(context.Actor(), id, workspace, ct)).WithName("OpenDisplay");
        routes.MapGet("/{id}/workspaces/{workspace}/screenshot", async Task<PhysicalFileHttpResult> (string id, string workspace, HttpContext context, Screenshots screenshots, CancellationToken ct) =>
        {
            var file = await screenshots.FindAsync(id, workspace, ct) ?? throw RequestRefused.NotFound("There is no picture of this workspace.");
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.PhysicalFile(file, "image/png");
        }).WithName("GetScreenshot");
    }

    private static void MapEvidence(RouteGroupBuilder routes)
    {
        routes.MapGet("/{id}/workspaces/{workspace}/evidence", (string id, string workspace, EvidenceDesk evidence, CancellationToken ct) => evidence.ListAsync(id, workspace, ct)).WithName("ListEvidence");
        routes.MapGet("/{id}/workspaces/{workspace}/evidence/{evidence}/screen", async Task<PhysicalFileHttpResult> (string id, string workspace, string evidence, EvidenceDesk desk, CancellationToken ct) =>
            TypedResults.PhysicalFile(await desk.FileAsync(id, workspace, evidence, "png", ct) ?? throw RequestRefused.NotFound("There is no picture of this start."), "image/png")).WithName("GetEvidenceScreen");
        routes.MapGet("/{id}/workspaces/{workspace}/evidence/{evidence}/serial", async Task<PhysicalFileHttpResult> (string id, string workspace, string evidence, EvidenceDesk desk, CancellationToken ct) =>
            TypedResults.PhysicalFile(await desk.FileAsync(id, workspace, evidence, "log", ct) ?? throw RequestRefused.NotFound("There is no serial log of this start."), "text/plain; charset=utf-8")).WithName("GetEvidenceSerial");
    }

    private static void MapEnrolmentTokens(RouteGroupBuilder routes)
    {
        routes.MapGet("", async (ServerDb db, int? offset, int? limit, CancellationToken ct) =>
        {
            var rows = await db.EnrolmentSecrets.AsNoTracking().Include(s => s.Group).OrderByDescending(s => s.Id).Skip(Math.Max(offset ?? 0, 0)).Take(Math.Clamp(limit ?? 50, 1, FleetQueries.MaxPage)).ToListAsync(ct);
            var items = rows.Select(s => new EnrolmentTokenInfo { Id = s.Id, Group = s.Group?.Name, CreatedAt = s.CreatedAt, ExpiresAt = s.ExpiresAt, UsedAt = s.UsedAt, UsedBy = s.UsedBy });
            return new Page<EnrolmentTokenInfo>([.. items], await db.EnrolmentSecrets.CountAsync(ct), Math.Max(offset ?? 0, 0));
        }).WithName("ListEnrolmentTokens");
        routes.MapPost("", async Task<Created<EnrolmentTokenCreated>> (CreateEnrolmentTokenRequest request, HttpContext context, EnrolmentTokens tokens, CancellationToken ct) =>
        {
            var made = await tokens.CreateAsync(context.Actor(), request, ct);
            return TypedResults.Created($"/api/enrolment-tokens/{made.Id}", made);
        }).WithName("CreateEnrolmentToken");
        routes.MapDelete("/{id:int}", async Task<NoContent> (int id, HttpContext context, EnrolmentTokens tokens, CancellationToken ct) =>
        {
            await tokens.DeleteAsync(context.Actor(), id, ct);
            return TypedResults.NoContent();
        }).WithName("DeleteEnrolmentToken");
    }
}
