using System.Globalization;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>A boot profile as it lies in a store or a registry: a blob, and a small manifest that refers to the generation.</summary>
/// <param name="OwnBoots">Boots of this very generation in it; 0: it was learned from an earlier one.</param>
public sealed record StoredBootProfile(BootProfile Profile, OciDescriptor Blob, int OwnBoots)
{
    /// <summary>A registry that lists more than this is not asked further.</summary>
    private const int MostListed = 4;

    /// <summary>The profile with the most boots of its own. Null: the source has none.</summary>
    /// <exception cref="BlobSourceException">Away or missing.</exception>
    /// <exception cref="ChunkException">Invalid.</exception>
    public static async Task<StoredBootProfile?> FindAsync(IBlobSource source, string manifestDigest, CancellationToken cancellationToken)
    {
        var found = new List<(OciDescriptor Blob, int OwnBoots)>();
        foreach (var referrer in (await source.ListReferrersAsync(manifestDigest, MediaTypes.BootProfile, cancellationToken).ConfigureAwait(false)).Take(MostListed))
        {
            var manifest = OciManifest.Parse(await source.ReadManifestAsync(referrer.Digest, cancellationToken).ConfigureAwait(false), referrer.Digest);
            if (manifest is { ArtifactType: MediaTypes.BootProfile, Layers: [{ Size: > 0 and <= BootProfileFormat.MaxBytes } blob] })
            {
                found.Add((blob, Boots(manifest)));
            }
        }

        if (found.Count == 0)
        {
            return null;
        }

        var best = found.MaxBy(profile => profile.OwnBoots);
        var bytes = new byte[best.Blob.Size];
        await source.ReadRangeAsync(best.Blob.Digest, 0, bytes, cancellationToken).ConfigureAwait(false);
        return ChunkId.Of(bytes).Digest == best.Blob.Digest
            ? new StoredBootProfile(BootProfileFormat.Decode(bytes), best.Blob, best.OwnBoots)
            : throw new ChunkException(ChunkError.Invalid, $"The source gave other bytes for the boot profile {best.Blob.Digest}.");
    }

    /// <summary>
    /// Keeps a profile as the one of its generation; what was kept before is named by nothing from then on. Safe to repeat.
    /// </summary>
    /// <returns>Digest of the profile's manifest.</returns>
    public static async Task<string> KeepAsync(ImageStore store, string name, string subject, BootProfile profile, int ownBoots, CancellationToken cancellationToken)
    {
        var blob = BootProfileFormat.Encode(profile);
        var layer = new OciDescriptor { MediaType = MediaTypes.BootProfile, Digest = ChunkId.Of(blob).Digest, Size = blob.Length };
        var config = new OciDescriptor { MediaType = MediaTypes.OciEmpty, Digest = ChunkId.Of("{}"u8).Digest, Size = 2 };
        await store.PutBlobAsync(layer.Digest, new MemoryStream(blob), cancellationToken).ConfigureAwait(false);
        await store.PutBlobAsync(config.Digest, new MemoryStream("{}"u8.ToArray()), cancellationToken).ConfigureAwait(false);
        var manifest = new OciManifest
        {
            ArtifactType = MediaTypes.BootProfile,
            Config = config,
            Layers = [layer],
            Subject = new OciDescriptor { MediaType = MediaTypes.OciManifest, Digest = subject, Size = new FileInfo(store.BlobPath(subject)).Length },
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [MediaTypes.BootsAnnotation] = ownBoots.ToString(CultureInfo.InvariantCulture) },
        };

        // A tag of its own, so that a newer profile takes the older one's place.
        return await store.PutManifestAsync(manifest.ToBytes(), name, $"boot-profile-{subject["sha256:".Length..][..16]}", cancellationToken).ConfigureAwait(false);
    }

    private static int Boots(OciManifest manifest) =>
        manifest.Annotations?.GetValueOrDefault(MediaTypes.BootsAnnotation) is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var boots) ? boots : 0;
}
