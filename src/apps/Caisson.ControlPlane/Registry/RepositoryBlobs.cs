using Caisson.ControlPlane.Data;
using Caisson.Images;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Registry;

/// <summary>Which blobs belong to which repository.</summary>
internal static class RepositoryBlobs
{
    /// <summary>The manifest itself and every blob it names.</summary>
    public static async Task<IReadOnlyList<string>> BlobsOfAsync(this ImageStore store, string manifestDigest, CancellationToken cancellationToken)
    {
        var manifest = OciManifest.Parse(await File.ReadAllBytesAsync(store.BlobPath(manifestDigest), cancellationToken), manifestDigest);
        return [manifest.Config.Digest, .. manifest.Layers.Select(l => l.Digest), manifestDigest];
    }

    /// <summary>Takes away the rows of blobs that are no longer in the store.</summary>
    public static async Task RemoveLostBlobsAsync(this ServerDb db, ImageStore store, CancellationToken cancellationToken)
    {
        var digests = await db.RepositoryBlobs.Select(b => b.Digest).Distinct().ToListAsync(cancellationToken);
        foreach (var lost in digests.Where(d => !File.Exists(store.BlobPath(d))).Chunk(500))
        {
            await db.RepositoryBlobs.Where(b => lost.Contains(b.Digest)).ExecuteDeleteAsync(cancellationToken);
        }
    }

    /// <summary>Adds rows that are not there; the caller saves.</summary>
    public static async Task AddBlobsAsync(this ServerDb db, string repository, IReadOnlyList<string> digests, CancellationToken cancellationToken)
    {
        var known = await db.RepositoryBlobs.Where(b => b.Repository == repository && digests.Contains(b.Digest)).Select(b => b.Digest).ToListAsync(cancellationToken);
        db.RepositoryBlobs.AddRange(digests.Except(known, StringComparer.Ordinal).Select(d => new RepositoryBlob { Repository = repository, Digest = d }));
    }
}
