using Caisson.ControlPlane.Catalogue;
using Caisson.ControlPlane.Console.Parts;
using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Images;

/// <summary>Reads master images, their generations and who runs them.</summary>
internal sealed class ImageQuery(IDbContextFactory<ServerDb> databases, Census census, Comparisons comparisons, StaleBytes stale)
{
    public async Task<IReadOnlyList<ImageRow>> ListAsync(CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var fleet = await census.ReadAsync(cancellationToken);
        var images = await db.Images.AsNoTracking().Include(i => i.Generations).OrderBy(i => i.Name).ToListAsync(cancellationToken);
        return
        [
            .. images.Select(image => new ImageRow(
                image.Name,
                image.Generations.Count,
                image.Generations.Count(g => g.State == GenerationState.Draft),
                Released(image.Generations),
                image.Generations.MaxBy(g => g.Number)?.StoredBytes ?? 0,
                fleet.Spread(image.Name, Released(image.Generations)),
                fleet.Givens.Any(g => g.Image == image.Name && g.Kind == WorkspaceKind.Personal))),
        ];
    }

    public async Task<ImageView?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var image = await db.Images.AsNoTracking().Include(i => i.Generations).FirstOrDefaultAsync(i => i.Name == name, cancellationToken);
        if (image is null)
        {
            return null;
        }

        var fleet = await census.ReadAsync(cancellationToken);
        var groups = fleet.Givens.Where(g => g.Image == name).SelectMany(g => g.GroupIds).Distinct().ToArray();
        var receivers = await db.GroupMembers.Where(m => groups.Contains(m.GroupId)).Select(m => m.EndpointId).Distinct().CountAsync(cancellationToken);
        var released = Released(image.Generations);
        var spread = fleet.Spread(name, released);
        return new ImageView
        {
            Name = name,
            Generations = [.. image.Generations.OrderByDescending(g => g.Number).Select(g => View(g, image, spread, receivers, released))],
            Spread = spread,
            GivenBy = (await db.Assignments.Where(a => a.ImageName == name).Select(a => new { Group = a.Group!.Name, a.Name }).ToListAsync(cancellationToken))
                .ConvertAll(a => (a.Group, a.Name)),
        };
    }

    private GenerationView View(Generation generation, MasterImage image, ImageSpread spread, int receivers, int? released) => new()
    {
        Image = image.Name,
        Number = generation.Number,
        State = generation.State,
        ImageBytes = generation.ImageBytes,
        StoredBytes = generation.StoredBytes,
        PublishedAt = generation.PublishedAt,
        DeltaFrom = generation.DeltaFrom,
        Delta = generation.DeltaState,
        DeltaBytes = generation.DeltaBytes,
        DeltaProblem = generation.DeltaProblem,
        Pcs = spread.Parts.FirstOrDefault(p => p.Generation == generation.Number)?.Pcs ?? 0,
        Receivers = receivers,
        Fallback = image.Generations.Where(g => g.State == GenerationState.Released && g.Number != generation.Number).Max(g => (int?)g.Number),
        IsNewestReleased = generation.Number == released,
        StaleBytes = stale.Of(generation.ManifestDigest) ?? 0,
        Changed = Changed(generation, image),
    };

    private GenerationComparison? Changed(Generation generation, MasterImage image) =>
        image.Generations.Find(g => g.Number == generation.DeltaFrom) is { } before && Comparisons.Pair.Of(image.Name, before, image.Name, generation) is var pair && comparisons.CanCompare(pair)
            ? comparisons.Get(pair)
            : null;

    private static int? Released(IEnumerable<Generation> generations) =>
        generations.Where(g => g.State == GenerationState.Released).Max(g => (int?)g.Number);
}
