using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Sends a generation, and the deltas to it, from any source to one repository of an OCI registry (distribution-spec 1.1). What is there already
/// is not sent again, so a push that was cut off goes on where it stood. The client's base address is the registry's root, ending in '/'.
/// </summary>
public sealed class RegistryPush(HttpClient client, string repository)
{
    private const int Lanes = 3;

    /// <summary>
    /// Whether the number in a store becomes a tag. Not on our own server: it gives the number when the manifest is published, and another
    /// store (of a second administrator, or made anew) counts for itself.
    /// </summary>
    public bool TagsNumber { get; init; } = true;

    /// <summary>The tag under which the referrers of a manifest are kept where a registry has no referrers API.</summary>
    public static string ReferrersTag(string digest) => digest.Replace(':', '-');

    /// <summary>Pushes a generation of a store, under tag <c>NUMBER</c> if <see cref="TagsNumber"/>.</summary>
    /// <exception cref="BlobSourceException">The registry is away or refuses.</exception>
    public Task PushAsync(ImageStore store, StoredGeneration generation, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken) =>
        PushAsync(new DirectoryBlobSource(store), generation.ManifestDigest, TagsNumber ? $"{generation.Number}" : null, time, progress, cancellationToken);

    /// <summary>Pushes blobs, then the manifest (under the tag, else by its digest), then its deltas and its boot profile.</summary>
    /// <exception cref="BlobSourceException">The registry or the source is away or refuses.</exception>
    /// <exception cref="ChunkException">Invalid: the source's manifest is not what the digest names.</exception>
    public async Task PushAsync(IBlobSource from, string manifestDigest, string? tag, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        using var lease = await DirectoryBlobSource.LeaseAsync(from, manifestDigest, cancellationToken).ConfigureAwait(false);
        var generation = await ReadAsync(from, manifestDigest, time, cancellationToken).ConfigureAwait(false);
        var referrers = new List<(OciDescriptor Entry, OciManifest Manifest, byte[] Bytes)>();
        foreach (var type in MediaTypes.TravelsAlong)
        {
            foreach (var entry in await Attempts.RunAsync(() => from.ListReferrersAsync(manifestDigest, type, cancellationToken), time, cancellationToken).ConfigureAwait(false))
            {
                var (manifest, bytes) = await ReadAsync(from, entry.Digest, time, cancellationToken).ConfigureAwait(false);
                referrers.Add((entry, manifest, bytes));
            }
        }

        var blobs = referrers.Select(referrer => referrer.Manifest).Prepend(generation.Manifest).SelectMany(manifest => manifest.Layers.Prepend(manifest.Config)).DistinctBy(blob => blob.Digest).ToList();
        var meter = new ProgressMeter("Pushing", blobs.Sum(blob => blob.Size), time, progress);
        var upload = new BlobUpload(client, repository, from, time);
        try
        {
            await Parallel.ForEachAsync(blobs, new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = cancellationToken }, async (blob, token) =>
                await upload.SendAsync(blob, meter.Add, token).ConfigureAwait(false)).ConfigureAwait(false);
            await PutDocumentAsync(generation.Bytes, MediaTypes.OciManifest, tag ?? manifestDigest, cancellationToken).ConfigureAwait(false);
            foreach (var (entry, _, bytes) in referrers)
            {
                await PushReferrerAsync(entry, bytes, manifestDigest, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (HttpRequestException e)
        {
            throw new BlobSourceException(BlobSourceError.Away, $"The registry {client.BaseAddress} cannot be reached: {BlobUpload.Reason(e)}", e);
        }
    }

    private static async Task<(OciManifest Manifest, byte[] Bytes)> ReadAsync(IBlobSource from, string digest, TimeProvider time, CancellationToken cancellationToken)
    {
        var bytes = await Attempts.RunAsync(() => from.ReadManifestAsync(digest, cancellationToken), time, cancellationToken).ConfigureAwait(false);
        return (OciManifest.Parse(bytes, digest), bytes);
    }

    private async Task PushReferrerAsync(OciDescriptor referrer, byte[] bytes, string subject, CancellationToken cancellationToken)
    {
        if (await PutDocumentAsync(bytes, MediaTypes.OciManifest, referrer.Digest, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var kept = await ReadReferrersAsync(subject, cancellationToken).ConfigureAwait(false);
        var index = new OciIndex { Manifests = [.. kept.Where(entry => entry.Digest != referrer.Digest), referrer] };
        await PutDocumentAsync(JsonSerializer.SerializeToUtf8Bytes(index, OciJson.Default.OciIndex), MediaTypes.OciIndex, ReferrersTag(subject), cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<OciDescriptor>> ReadReferrersAsync(string subject, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"v2/{repository}/manifests/{ReferrersTag(subject)}");
        request.Headers.Accept.ParseAdd(MediaTypes.OciIndex);
        using var response = await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return [];
        }

        BlobUpload.Check(client, response, HttpStatusCode.OK, "list its referrers");
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return bytes.Length > Limits.MaxManifestBytes ? [] : OciIndex.Parse(bytes).Manifests;
        }
        catch (JsonException)
        {
            // What is no list can name nothing that would be lost with it.
            return [];
        }
    }

    /// <returns>True: the registry understands subjects and lists referrers itself.</returns>
    private async Task<bool> PutDocumentAsync(byte[] bytes, string mediaType, string reference, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var done = await client.PutAsync(new Uri($"v2/{repository}/manifests/{reference}", UriKind.Relative), content, cancellationToken).ConfigureAwait(false);
        BlobUpload.Check(client, done, HttpStatusCode.Created, $"take the manifest {reference}");
        return done.Headers.Contains("OCI-Subject");
    }
}
