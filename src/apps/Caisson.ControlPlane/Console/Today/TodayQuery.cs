using Caisson.ControlPlane.Console.Parts;
using Caisson.ControlPlane.Data;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Today;

/// <summary>Counts the fleet. Everything is counted in SQL; no row of a PC is read.</summary>
internal sealed class TodayQuery(IDbContextFactory<ServerDb> databases, Census census, TimeProvider clock)
{
    private const int RecentEntries = 9;

    public async Task<TodayView> ReadAsync(CancellationToken cancellationToken)
    {
        var fleet = await census.ReadAsync(cancellationToken);
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var behind = Math.Min(fleet.Behind, fleet.Receivers);
        return new TodayView
        {
            Pcs = fleet.Pcs,
            NeedingPcs = fleet.Needing,
            Given = fleet.Receivers,
            Behind = behind,
            Current = fleet.Receivers - behind,
            Emulated = await db.Endpoints.CountAsync(e => e.RevokedAt == null && e.Host!.Accelerator == "tcg", cancellationToken),
            Images = await db.Images.CountAsync(cancellationToken),
            Groups = await db.Groups.CountAsync(cancellationToken),
            Needs = await Troubles.ReadAsync(db, fleet.Givens, clock.GetUtcNow(), cancellationToken),
            Spreads =
            [
                .. fleet.Givens.GroupBy(g => g.Image, StringComparer.Ordinal)
                    .Select(image => fleet.Spread(image.Key, image.Max(g => g.Generation)))
                    .Where(spread => spread.Total > 0)
                    .OrderByDescending(spread => spread.Total),
            ],
            Recent = await TimelineQuery.NewestAsync(db, RecentEntries, cancellationToken),
        };
    }
}
