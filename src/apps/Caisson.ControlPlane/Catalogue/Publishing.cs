using System.Globalization;
using System.Text.Json;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.ControlPlane.Registry;
using Caisson.Images;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>Images and their generations: published from what was pushed to the registry, then moved draft → test → released → retired.</summary>
internal sealed class Publishing(IDbContextFactory<ServerDb> database, ImageStore store, Deltas deltas, BootProfiles profiles, Comparisons comparisons, DesiredStateChanges changes, TimeProvider time)
{
    private const int MaxConfigBytes = 1 << 20;

    public async Task CreateImageAsync(string actor, string name, CancellationToken cancellationToken)
    {
        CheckName(name);
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        if (await db.Images.AnyAsync(i => i.Name == name, cancellationToken))
        {
            throw RequestRefused.AlreadyExists($"There is an image '{name}' already.");
        }

        AddImage(db, actor, name);
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Makes a pushed manifest the next generation. The same manifest again is answered with the generation it is.</summary>
    public async Task<GenerationInfo> PublishAsync(string actor, string name, string manifestDigest, CancellationToken cancellationToken)
    {
        CheckName(name);
        if (!Names.IsDigest(manifestDigest))
        {
            throw RequestRefused.BadInput($"'{manifestDigest}' is not a digest: sha256: and 64 hex digits.");
        }

        await using var db = await database.CreateDbContextAsync(cancellationToken);
        if (!await db.RepositoryBlobs.AnyAsync(b => b.Repository == name && b.Digest == manifestDigest, cancellationToken))
        {
            throw RequestRefused.NotFound($"No manifest {manifestDigest} was pushed to /v2/{name}. Push it and its blobs first.");
        }

        var (bytes, manifest, config) = await ReadAsync(manifestDigest, cancellationToken);
        var image = await db.Images.Include(i => i.Generations).FirstOrDefaultAsync(i => i.Name == name, cancellationToken) ?? AddImage(db, actor, name);
        if (image.Generations.Find(g => g.ManifestDigest == manifestDigest) is { } published)
        {
            return Info(name, published);
        }

        var before = image.Generations.MaxBy(g => g.Number);

        // The number it was imported under, so that what the guest says of itself agrees; the next one where that is taken.
        var highest = await db.Generations.IgnoreQueryFilters().Where(g => g.ImageId == image.Id).MaxAsync(g => (int?)g.Number, cancellationToken) ?? 0;
        var number = Math.Max(highest + 1, config.Number);
        var generation = new Generation
        {
            ImageId = image.Id,
            Image = image,
            Number = number,
            State = GenerationState.Draft,
            ManifestDigest = manifestDigest,
            ImageBytes = config.ImageBytes,
            StoredBytes = manifest.Layers.Sum(l => l.Size),
            PublishedAt = time.GetUtcNow(),
            DeltaFrom = before?.Number,
            DeltaState = before is null ? null : DeltaState.Pending,
        };
        await store.PutManifestAsync(bytes, name, number.ToString(CultureInfo.InvariantCulture), cancellationToken);
        db.Generations.Add(generation);
        db.Record(time, actor, ActivityKinds.GenerationPublished, $"Generation {number} of '{name}' was published as a draft.");
        await db.SaveChangesAsync(cancellationToken);
        if (before is not null)
        {
            await profiles.CarryOverAsync(db, name, before.ManifestDigest, manifestDigest, cancellationToken);
            comparisons.Ask(name, before, generation);
        }

        deltas.Wake();
        return Info(name, generation);
    }

    public async Task<GenerationInfo> SetStateAsync(string actor, string name, int number, GenerationState state, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var generation = await db.Generations.Include(g => g.Image).FirstOrDefaultAsync(g => g.Image!.Name == name && g.Number == number, cancellationToken)
            ?? throw RequestRefused.NotFound($"There is no generation {number} of '{name}'.");
        if (generation.State == state)
        {
            return Info(name, generation);
        }

        if (!MayBecome(generation.State, state))
        {
            throw RequestRefused.WrongState($"Generation {number} of '{name}' is {Word(generation.State)} and cannot become {Word(state)}: the way is draft, test, released, retired.");
        }

        if (state == GenerationState.Retired && await db.Assignments.Where(a => a.ImageName == name && a.HeldAt == number).Select(a => a.Group!.Name).Distinct().ToListAsync(cancellationToken) is { Count: > 0 } held)
        {
            throw RequestRefused.WrongState($"{string.Join(", ", held)} was rolled back to generation {number} of '{name}' and would go on to the one it was taken back from. Let it follow the newest again, or roll it back further, first.");
        }

        generation.State = state;
        generation.ReleasedAt = state == GenerationState.Released ? time.GetUtcNow() : generation.ReleasedAt;
        db.Record(time, actor, ActivityKinds.GenerationState, $"Generation {number} of '{name}' is {Word(state)}.");
        await db.SaveChangesAsync(cancellationToken);
        changes.AnnounceAll();
        return Info(name, generation);
    }

    /// <summary>Forward only, and a retired one may be released again: that is how a bad successor is undone.</summary>
    public static bool MayBecome(GenerationState from, GenerationState to) =>
        to != GenerationState.Removed && (to > from || (from == GenerationState.Retired && to == GenerationState.Released));

    public static GenerationInfo Info(string image, Generation g) => new()
    {
        Image = image,
        Number = g.Number,
        State = g.State,
        ManifestDigest = g.ManifestDigest,
        ImageBytes = g.ImageBytes,
        StoredBytes = g.StoredBytes,
        PublishedAt = g.PublishedAt,
        ReleasedAt = g.ReleasedAt,
        Delta = g.DeltaFrom is { } from && g.DeltaState is { } state ? new DeltaInfo { FromGeneration = from, State = state, Bytes = g.DeltaBytes, Problem = g.DeltaProblem } : null,
    };

    private async Task<(byte[] Bytes, OciManifest Manifest, GenerationConfig Config)> ReadAsync(string manifestDigest, CancellationToken cancellationToken)
    {
        var bytes = await File.ReadAllBytesAsync(store.BlobPath(manifestDigest), cancellationToken);
        var manifest = OciManifest.Parse(bytes, manifestDigest);
        if (!string.Equals(manifest.ArtifactType, MediaTypes.Generation, StringComparison.Ordinal))
        {
            throw RequestRefused.BadInput($"The manifest {manifestDigest} is not a generation: its artifact type is '{manifest.ArtifactType}'.");
        }

        if (manifest.Config.Size > MaxConfigBytes)
        {
            throw RequestRefused.BadInput("The generation's config blob is larger than 1 MiB.");
        }

        var configBytes = await File.ReadAllBytesAsync(store.BlobPath(manifest.Config.Digest), cancellationToken);
        var config = JsonSerializer.Deserialize(configBytes, OciJson.Default.GenerationConfig);
        return config is { ImageBytes: > 0, Number: > 0 and < 1_000_000 } ? (bytes, manifest, config) : throw RequestRefused.BadInput("The generation's config blob has no image size or no number.");
    }

    private MasterImage AddImage(ServerDb db, string actor, string name)
    {
        var image = new MasterImage { Name = name, CreatedAt = time.GetUtcNow() };
        db.Images.Add(image);
        db.Record(time, actor, ActivityKinds.ImageCreated, $"Image '{name}' was made.");
        return image;
    }

    private static void CheckName(string name)
    {
        if (!Names.IsImage(name))
        {
            throw RequestRefused.BadInput($"'{name}' cannot be an image's name: 1 to 64 of a-z, 0-9, and single . _ - between them.");
        }
    }

    private static string Word(GenerationState state) => state.ToString().ToLowerInvariant();
}
