using Caisson.ControlPlane.Console.Parts;
using Caisson.ControlPlane.Data;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Activity;

/// <summary>One page of what happened, newest first.</summary>
/// <param name="Entries">At most <see cref="ActivityQuery.PageSize"/>.</param>
/// <param name="Total">Over all pages.</param>
/// <param name="LastDay">How many in the last 24 hours, whatever the filter.</param>
internal sealed record ActivityOnPage(IReadOnlyList<TimelineEntry> Entries, int Total, int LastDay);

/// <summary>Reads the audit log, filtered and paged in SQL.</summary>
internal sealed class ActivityQuery(IDbContextFactory<ServerDb> databases, TimeProvider clock)
{
    public const int PageSize = 50;

    private static readonly string[] s_kinds = [.. typeof(ActivityKinds).GetFields().Select(f => (string)f.GetRawConstantValue()!)];

    public async Task<ActivityOnPage> ReadAsync(string? text, string? about, int page, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var entries = db.Activity.AsQueryable();
        if (Prefixes(about) is { Length: > 0 } prefixes)
        {
            var kinds = s_kinds.Where(k => prefixes.Contains(k[..k.IndexOf('.')])).ToArray();
            entries = entries.Where(a => kinds.Contains(a.Kind));
        }

        foreach (var word in (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(5))
        {
            entries = entries.Where(a => EF.Functions.Like(a.Text, $"%{word}%") || EF.Functions.Like(a.Actor, $"%{word}%")
                || (a.EndpointId != null && db.Endpoints.Any(e => e.Id == a.EndpointId && (EF.Functions.Like(e.HostName, $"%{word}%") || EF.Functions.Like(e.Person, $"%{word}%")))));
        }

        var dayAgo = clock.GetUtcNow().AddDays(-1);
        return new ActivityOnPage(
            await TimelineQuery.ReadAsync(db, entries.OrderByDescending(a => a.Id).Skip((page - 1) * PageSize).Take(PageSize), cancellationToken),
            await entries.CountAsync(cancellationToken),
            await db.Activity.CountAsync(a => a.At > dayAgo, cancellationToken));
    }

    private static string[] Prefixes(string? about) => about switch
    {
        "image" => ["image", "generation", "assignment", "group"],
        "pc" => ["endpoint", "workspace"],
        "order" => ["order", "display"],
        "access" => ["person", "api-token", "enrolment-token", "server"],
        _ => [],
    };
}
