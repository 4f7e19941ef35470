using System.Text.Json;
using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>Which endpoints a list shows.</summary>
/// <param name="Search">Part of the host name or of the id; null is all.</param>
/// <param name="Group">Name of a group; null is all.</param>
/// <param name="Health">Only PCs of which a workspace's generation stands so; null is all.</param>
internal sealed record EndpointFilter(string? Search = null, string? Group = null, GenerationHealth? Health = null);

/// <summary>Reads of the fleet for the API and the console. Lists are paged and filtered in SQL.</summary>
internal static class FleetQueries
{
    public const int MaxPage = 200;

    public static async Task<Page<EndpointInfo>> PageEndpointsAsync(this ServerDb db, EndpointFilter filter, int offset, int limit, DateTimeOffset onlineSince, CancellationToken cancellationToken)
    {
        var matching = db.Endpoints.AsNoTracking();
        if (!string.IsNullOrWhiteSpace(filter.Search))
        {
            var pattern = $"%{filter.Search.Trim().Replace(@"\", @"\\", StringComparison.Ordinal).Replace("%", @"\%", StringComparison.Ordinal).Replace("_", @"\_", StringComparison.Ordinal)}%";
            matching = matching.Where(e => EF.Functions.Like(e.HostName, pattern, @"\") || EF.Functions.Like(e.Person, pattern, @"\") || EF.Functions.Like(e.Place, pattern, @"\") || EF.Functions.Like(e.Id, pattern, @"\"));
        }

        if (filter.Group is not null)
        {
            matching = matching.Where(e => e.Memberships.Any(m => m.Group!.Name == filter.Group));
        }

        if (filter.Health is { } health)
        {
            matching = matching.Where(e => db.Workspaces.Where(w => w.Health == health).Select(w => w.EndpointId).Contains(e.Id));
        }

        var total = await matching.CountAsync(cancellationToken);
        var rows = await matching.OrderBy(e => e.HostName).ThenBy(e => e.Id)
            .Skip(Math.Max(offset, 0)).Take(Math.Clamp(limit, 1, MaxPage))
            .Include(e => e.Workspaces).Include(e => e.Memberships).ThenInclude(m => m.Group)
            .ToListAsync(cancellationToken);
        var names = await WorkspaceNamesAsync(db, rows, cancellationToken);
        return new Page<EndpointInfo>([.. rows.Select(e => Info(e, names, onlineSince))], total, Math.Max(offset, 0));
    }

    public static async Task<EndpointInfo?> FindEndpointAsync(this ServerDb db, string id, DateTimeOffset onlineSince, CancellationToken cancellationToken)
    {
        var row = await db.Endpoints.AsNoTracking().Include(e => e.Workspaces).Include(e => e.Memberships).ThenInclude(m => m.Group).FirstOrDefaultAsync(e => e.Id == id, cancellationToken);
        return row is null ? null : Info(row, await WorkspaceNamesAsync(db, [row], cancellationToken), onlineSince);
    }

    public static async Task<Page<ActivityInfo>> PageActivityAsync(this ServerDb db, string? endpointId, string? kind, string? search, int offset, int limit, CancellationToken cancellationToken)
    {
        var matching = db.Activity.AsNoTracking()
            .Where(a => (endpointId == null || a.EndpointId == endpointId) && (kind == null || a.Kind == kind) && (search == null || a.Text.Contains(search)));
        var total = await matching.CountAsync(cancellationToken);
        var rows = await matching.OrderByDescending(a => a.Id).Skip(Math.Max(offset, 0)).Take(Math.Clamp(limit, 1, MaxPage)).ToListAsync(cancellationToken);
        return new Page<ActivityInfo>([.. rows.Select(a => new ActivityInfo { Id = a.Id, At = a.At, Actor = a.Actor, Kind = a.Kind, Endpoint = a.EndpointId, Text = a.Text })], total, Math.Max(offset, 0));
    }

    public static OrderInfo Info(IssuedOrder order) => new()
    {
        Id = order.Id,
        Endpoint = order.EndpointId,
        Workspace = order.WorkspaceId,
        Kind = order.Kind,
        CreatedAt = order.CreatedAt,
        ExpiresAt = order.ExpiresAt,
        Outcome = order.Outcome,
        Reason = order.Reason,
    };

    /// <summary>Name and image of each workspace id, per group.</summary>
    private static async Task<ILookup<int, Assignment>> WorkspaceNamesAsync(ServerDb db, List<EnrolledEndpoint> endpoints, CancellationToken cancellationToken)
    {
        var groups = endpoints.SelectMany(e => e.Memberships).Select(m => m.GroupId).Distinct().ToList();
        return (await db.Assignments.AsNoTracking().Where(a => groups.Contains(a.GroupId)).ToListAsync(cancellationToken)).ToLookup(a => a.GroupId);
    }

    private static EndpointInfo Info(EnrolledEndpoint e, ILookup<int, Assignment> assignments, DateTimeOffset onlineSince) => new()
    {
        Id = e.Id,
        HostName = e.HostName,
        Person = e.Person,
        Place = e.Place,
        Groups = [.. e.Memberships.Select(m => m.Group!.Name).Order(StringComparer.Ordinal)],
        EnrolledAt = e.EnrolledAt,
        LastSeenAt = e.LastSeenAt,
        Online = e.RevokedAt is null && e.LastSeenAt >= onlineSince,
        Revoked = e.RevokedAt is not null,
        Sequence = e.Sequence,
        AppliedSequence = e.AppliedSequence,
        FillBytesPerSecond = e.FillBytesPerSecond,
        Host = e.Host is not { } host ? null : new HostFacts
        {
            HostName = e.HostName,
            CaissondVersion = host.CaissondVersion,
            QemuVersion = host.QemuVersion,
            Accelerator = host.Accelerator,
            Cpus = host.Cpus,
            MemoryBytes = host.MemoryBytes,
            FreeDiskBytes = host.FreeDiskBytes,
        },
        Appliance = ApplianceReports.Of(e),
        Workspaces = [.. e.Workspaces.OrderBy(w => w.WorkspaceId, StringComparer.Ordinal).Select(w => Info(w, e.Memberships.SelectMany(m => assignments[m.GroupId]).OrderBy(a => a.Id).FirstOrDefault(a => a.WorkspaceId == w.WorkspaceId)))],
    };

    private static WorkspaceInfo Info(ReportedWorkspace w, Assignment? assignment) => new()
    {
        Name = assignment?.Name ?? w.WorkspaceId,
        Image = assignment?.ImageName,
        ScreenshotAt = w.ScreenshotAt,
        Report = new WorkspaceReport
        {
            Id = new WorkspaceId(w.WorkspaceId),
            Kind = w.Kind,
            State = w.State,
            RunningGeneration = w.RunningGeneration,
            PreparedGeneration = w.PreparedGeneration,
            PresentBytes = w.PresentBytes,
            ImageBytes = w.ImageBytes,
            StartedAt = w.StartedAt,
            FirstHeartbeatAt = w.FirstHeartbeatAt,
            LastHeartbeatAt = w.LastHeartbeatAt,
            GuestFacts = JsonSerializer.Deserialize(w.GuestFactsJson, FactsJson.Default.DictionaryStringString) ?? [],
            Life = LifeReports.Life(w),
            Problem = w.Problem,
        },
    };
}
