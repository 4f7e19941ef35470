using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>Filters, sorts and pages PCs in SQL; reads workspaces of the one page only.</summary>
internal sealed class PcListQuery(IDbContextFactory<ServerDb> databases, Census census, ServerConfig config, TimeProvider clock)
{
    private static readonly TimeSpan AwayAfter = TimeSpan.FromDays(7);

    public async Task<PcPageOfList> ReadAsync(PcFilter filter, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var counted = await census.ReadAsync(cancellationToken);
        var givens = counted.Givens;
        var fleet = db.Endpoints.AsNoTracking().Where(e => e.RevokedAt == null);
        var matching = Choose(db, Find(fleet, filter.Text), filter, givens);
        var endpoints = await Sort(matching, filter.Sort)
            .Skip((filter.Page - 1) * PcFilter.PageSize)
            .Take(PcFilter.PageSize)
            .Select(e => new { e.Id, e.HostName, e.Person, e.Place, e.LastSeenAt })
            .ToListAsync(cancellationToken);
        var ids = endpoints.Select(e => e.Id).ToArray();
        var workspaces = await PcQuery.WorkspacesAsync(db, givens, ids, cancellationToken);
        var onlineSince = FleetApi.OnlineSince(config, clock);
        var rows = endpoints.Select(e => Row(workspaces[e.Id]) with
        {
            Id = e.Id,
            Name = e.HostName,
            Person = e.Person,
            Place = e.Place,
            LastSeenAt = e.LastSeenAt,
            Online = e.LastSeenAt >= onlineSince,
        });
        return new PcPageOfList(
            [.. rows],
            Known(filter, counted) ?? await matching.CountAsync(cancellationToken),
            counted.Pcs,
            counted.Needing,
            counted.Behind,
            counted.RolledBack);
    }

    public static string Whose(string person, string place) => (person, place) switch
    {
        ("", "") => "nobody named yet",
        (_, "") => person,
        ("", _) => place,
        _ => $"{person} · {place}",
    };

    // What the census has counted already is not counted twice.
    private static int? Known(PcFilter filter, FleetCount counted) => (filter with { Show = null }).IsAll
        ? filter.Show switch { null => counted.Pcs, "needs" => counted.Needing, "behind" => counted.Behind, "rolled-back" => counted.RolledBack, _ => null }
        : null;

    private static PcRow Row(IEnumerable<WorkspaceView> workspaces)
    {
        var all = workspaces.ToList();
        var first = all.FirstOrDefault(w => !w.IsPersonal);
        return new PcRow { Id = "", Name = "", Person = "", Place = "", First = first, MoreWorkspaces = all.Count - (first is null ? 0 : 1) };
    }

    // A word of the filter may be part of any of the four; every word has to be found.
    private static IQueryable<EnrolledEndpoint> Find(IQueryable<EnrolledEndpoint> endpoints, string? text)
    {
        foreach (var word in (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(5))
        {
            var like = $"%{word.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
            endpoints = endpoints.Where(e =>
                EF.Functions.Like(e.HostName, like, "\\") || EF.Functions.Like(e.Person, like, "\\")
                || EF.Functions.Like(e.Place, like, "\\") || EF.Functions.Like(e.Id, like, "\\"));
        }

        return endpoints;
    }

    private IQueryable<EnrolledEndpoint> Choose(ServerDb db, IQueryable<EnrolledEndpoint> endpoints, PcFilter filter, IReadOnlyList<Given> givens)
    {
        var awayLimit = clock.GetUtcNow() - AwayAfter;
        endpoints = filter.Show switch
        {
            "needs" => endpoints.Where(e => Today.Troubles.Pcs(db).Contains(e.Id)),
            "behind" => endpoints.Where(e => Given.Behind(db, givens).Contains(e.Id)),
            "current" => endpoints.Where(e => Given.Receivers(db, givens).Contains(e.Id) && !Given.Behind(db, givens).Contains(e.Id)),
            "away" => endpoints.Where(e => e.LastSeenAt < awayLimit),
            "emulated" => endpoints.Where(e => e.Host!.Accelerator == "tcg"),
            _ when Today.LifeTroubles.Shown(filter.Show) is { } health => endpoints.Where(e => db.Workspaces.Where(w => w.Health == health).Select(w => w.EndpointId).Contains(e.Id)),
            _ => endpoints,
        };
        if (filter.Group is { } group)
        {
            endpoints = endpoints.Where(e => db.GroupMembers.Any(m => m.EndpointId == e.Id && m.Group!.Name == group));
        }

        return filter.Image is { } image ? Runs(db, endpoints, givens, image, filter.Generation) : endpoints;
    }

    private static IQueryable<EnrolledEndpoint> Runs(ServerDb db, IQueryable<EnrolledEndpoint> endpoints, IReadOnlyList<Given> givens, string image, int? generation)
    {
        IQueryable<string>? ids = null;
        foreach (var given in givens.Where(g => g.Image == image))
        {
            var number = generation == 0 ? null : generation;
            var these = given.Workspaces(db).Where(w => generation == null || w.RunningGeneration == number).Select(w => w.EndpointId);
            ids = ids is null ? these : ids.Union(these);
        }

        return ids is null ? endpoints.Where(e => false) : endpoints.Where(e => ids.Contains(e.Id));
    }

    private static IQueryable<EnrolledEndpoint> Sort(IQueryable<EnrolledEndpoint> endpoints, string sort) => sort switch
    {
        "-name" => endpoints.OrderByDescending(e => e.HostName).ThenBy(e => e.Id),
        "person" => endpoints.OrderBy(e => e.Person == "").ThenBy(e => e.Person).ThenBy(e => e.Id),
        "-person" => endpoints.OrderByDescending(e => e.Person).ThenBy(e => e.Id),
        "seen" => endpoints.OrderByDescending(e => e.LastSeenAt).ThenBy(e => e.Id),
        "-seen" => endpoints.OrderBy(e => e.LastSeenAt).ThenBy(e => e.Id),
        _ => endpoints.OrderBy(e => e.HostName).ThenBy(e => e.Id),
    };
}
