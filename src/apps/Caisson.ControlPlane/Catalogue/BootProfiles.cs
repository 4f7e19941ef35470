using Caisson.Chunks;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.ControlPlane.Registry;
using Caisson.Images;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>
/// In which order starts read a generation, told by PCs and kept as a referrer of its manifest, so that it goes wherever the image goes. The first
/// few starts are merged; a new generation begins with its predecessor's.
/// </summary>
internal sealed class BootProfiles(IDbContextFactory<ServerDb> database, ImageStore store) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Who was heard of which manifest since the server started; the count beside the profile is what lasts, and it ends at <see cref="BootProfile.EnoughBoots"/>.</summary>
    private readonly HashSet<(string Manifest, string Endpoint)> _heard = [];

    /// <summary>Takes what a PC has learned. What it says is a hint and is only bounded, not believed.</summary>
    public async Task TakeAsync(string endpointId, string image, string manifestDigest, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        BootProfile told;
        try
        {
            told = BootProfileFormat.Decode(bytes.Span) with { Boots = 1 }; // Of one boot, whatever it says.
        }
        catch (ChunkException e)
        {
            throw RequestRefused.BadInput(e.Message);
        }

        await using var db = await database.CreateDbContextAsync(cancellationToken);
        if (!await db.Generations.AnyAsync(g => g.Image!.Name == image && g.ManifestDigest == manifestDigest, cancellationToken))
        {
            throw RequestRefused.NotFound($"There is no generation of '{image}' with the manifest {manifestDigest}.");
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            var known = await FindAsync(manifestDigest, cancellationToken);
            if ((known is null || known.OwnBoots < BootProfile.EnoughBoots) && _heard.Add((manifestDigest, endpointId)))
            {
                var merged = known is { OwnBoots: > 0 } ? known.Profile.With(told) : told;
                await KeepAsync(db, image, manifestDigest, merged, (known?.OwnBoots ?? 0) + 1, cancellationToken);
            }
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Gives a new generation the profile of the one before, until PCs have started from it.</summary>
    public async Task CarryOverAsync(ServerDb db, string image, string fromDigest, string toDigest, CancellationToken cancellationToken)
    {
        if (await FindAsync(fromDigest, cancellationToken) is { } before && await FindAsync(toDigest, cancellationToken) is null)
        {
            await KeepAsync(db, image, toDigest, before.Profile, ownBoots: 0, cancellationToken);
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<StoredBootProfile?> FindAsync(string manifestDigest, CancellationToken cancellationToken)
    {
        try
        {
            return await StoredBootProfile.FindAsync(new DirectoryBlobSource(store), manifestDigest, cancellationToken);
        }
        catch (Exception e) when (e is ChunkException or BlobSourceException)
        {
            return null; // Damaged, or pushed by somebody else's tool: a new one takes its place.
        }
    }

    private async Task KeepAsync(ServerDb db, string image, string manifestDigest, BootProfile profile, int ownBoots, CancellationToken cancellationToken)
    {
        var kept = await StoredBootProfile.KeepAsync(store, image, manifestDigest, profile, ownBoots, cancellationToken);
        await db.AddBlobsAsync(image, await store.BlobsOfAsync(kept, cancellationToken), cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
    }
}
