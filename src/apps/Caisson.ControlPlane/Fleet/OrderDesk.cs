using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Gateway;
using Caisson.ControlPlane.SignIn;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>Takes an administrator's orders for one workspace and puts them into its endpoint's desired state.</summary>
internal sealed class OrderDesk(IDbContextFactory<ServerDb> database, DisplayStreams streams, DesiredStateChanges changes, ServerConfig config, TimeProvider time)
{
    private static readonly TimeSpan s_life = TimeSpan.FromSeconds(60);

    /// <summary>Start, stop, restart or screenshot.</summary>
    public async Task<OrderInfo> IssueAsync(string actor, string endpointId, CreateOrderRequest request, CancellationToken cancellationToken) =>
        request.Kind == OrderKind.Display
            ? throw RequestRefused.BadInput("A display is opened with POST …/workspaces/{workspace}/display, because it needs a stream.")
            : FleetQueries.Info(await IssueAsync(actor, endpointId, request.Workspace, request.Kind, stream: null, cancellationToken));

    /// <summary>Asks the endpoint to open its display outward, and keeps a place at the gateway where the browser meets it.</summary>
    public async Task<DisplayOpened> OpenDisplayAsync(string actor, string endpointId, string workspaceId, CancellationToken cancellationToken)
    {
        var stream = Secrets.New();
        var order = await IssueAsync(actor, endpointId, workspaceId, OrderKind.Display, stream, cancellationToken);
        streams.Expect(stream, endpointId, workspaceId, order.ExpiresAt);
        changes.Announce(endpointId);
        return new DisplayOpened { Order = order.Id, Stream = stream, Path = "/gateway/" + stream, ExpiresAt = order.ExpiresAt };
    }

    private async Task<IssuedOrder> IssueAsync(string actor, string endpointId, string workspaceId, OrderKind kind, string? stream, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var endpoint = await db.Endpoints.AsNoTracking().FirstOrDefaultAsync(e => e.Id == endpointId, cancellationToken) ?? throw RequestRefused.NotFound($"There is no endpoint '{endpointId}'.");
        if (endpoint.RevokedAt is not null)
        {
            throw RequestRefused.WrongState($"{endpoint.HostName} is revoked; it takes no orders.");
        }

        var kinds = await db.Assignments.Where(a => a.WorkspaceId == workspaceId && db.GroupMembers.Any(m => m.GroupId == a.GroupId && m.EndpointId == endpointId)).Select(a => a.Kind).ToListAsync(cancellationToken);
        if (kinds.Count == 0)
        {
            throw RequestRefused.NotFound($"{endpoint.HostName} has no workspace '{workspaceId}' assigned.");
        }

        var reported = await db.Workspaces.Where(w => w.EndpointId == endpointId && w.WorkspaceId == workspaceId).Select(w => (WorkspaceKind?)w.Kind).FirstOrDefaultAsync(cancellationToken);
        if (kinds.Append(reported ?? kinds[0]).Any(k => !DesiredStateComposition.IsAllowed(kind, k)))
        {
            throw new RequestRefused(StatusCodes.Status403Forbidden, ProblemCodes.PersonalWorkspace, $"'{workspaceId}' is a personal workspace: nobody but its user sees it.");
        }

        var now = time.GetUtcNow();
        var order = new IssuedOrder
        {
            Id = "o-" + Guid.CreateVersion7(now).ToString("N"),
            EndpointId = endpointId,
            WorkspaceId = workspaceId,
            Kind = kind,
            Stream = stream,
            CreatedAt = now,

            // 60 s from the latest moment at which the endpoint hears of it: its next poll, jitter included.
            ExpiresAt = now + s_life + TimeSpan.FromSeconds(config.PollSeconds * 1.2),
        };
        db.Orders.Add(order);
        db.Record(time, actor, kind == OrderKind.Display ? ActivityKinds.DisplayOpened : ActivityKinds.OrderIssued, $"{kind} of {workspaceId} on {endpoint.HostName} was ordered.", endpointId);
        await db.SaveChangesAsync(cancellationToken);
        if (kind != OrderKind.Display)
        {
            changes.Announce(endpointId);
        }

        return order;
    }
}
