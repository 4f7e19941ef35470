using Caisson.ControlPlane.Data;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Parts;

/// <summary>Reads activity with the names people know PCs by.</summary>
internal static class TimelineQuery
{
    public static Task<IReadOnlyList<TimelineEntry>> NewestAsync(ServerDb db, int count, CancellationToken cancellationToken) =>
        ReadAsync(db, db.Activity.OrderByDescending(a => a.Id).Take(count), cancellationToken);

    public static Task<IReadOnlyList<TimelineEntry>> OfEndpointAsync(ServerDb db, string endpoint, int count, CancellationToken cancellationToken) =>
        ReadAsync(db, db.Activity.Where(a => a.EndpointId == endpoint).OrderByDescending(a => a.Id).Take(count), cancellationToken);

    public static async Task<IReadOnlyList<TimelineEntry>> ReadAsync(ServerDb db, IQueryable<ActivityEntry> entries, CancellationToken cancellationToken)
    {
        var rows = await entries.AsNoTracking().ToListAsync(cancellationToken);
        var ids = rows.Select(r => r.EndpointId).OfType<string>().Distinct().ToArray();
        var names = await db.Endpoints.Where(e => ids.Contains(e.Id)).ToDictionaryAsync(e => e.Id, e => e.HostName, cancellationToken);
        return
        [
            .. rows.Select(r => new TimelineEntry(
                r.Id,
                r.At,
                Who(r.Actor, names),
                r.Text,
                r.EndpointId,
                r.EndpointId is null ? null : names.GetValueOrDefault(r.EndpointId))),
        ];
    }

    private static string Who(string actor, Dictionary<string, string> names) => actor switch
    {
        "console" => "from the console",
        "server" => "by itself",
        _ => names.ContainsKey(actor) ? "the PC" : actor,
    };
}
