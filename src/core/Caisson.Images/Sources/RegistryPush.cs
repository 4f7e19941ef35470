using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Sends a generation, and the deltas to it, from a store to one repository of an OCI registry (distribution-spec 1.1). What is there already
/// is not sent again, so a push that was cut off goes on where it stood. The client's base address is the registry's root, ending in '/'.
/// </summary>
public sealed class RegistryPush(HttpClient client, string repository)
{
    private const int Lanes = 3;

    /// <summary>
    /// Whether the number in this store becomes a tag. Not on our own server: it gives the number when the manifest is published, and another
    /// store (of a second administrator, or made anew) counts for itself.
    /// </summary>
    public bool TagsNumber { get; init; } = true;

    /// <summary>The tag under which the referrers of a manifest are kept where a registry has no referrers API.</summary>
    public static string ReferrersTag(string digest) => digest.Replace(':', '-');

    /// <summary>Pushes blobs, then the manifest (under tag <c>NUMBER</c> if <see cref="TagsNumber"/>, else by its digest), then the deltas that lead to it.</summary>
    /// <exception cref="BlobSourceException">The registry is away or refuses.</exception>
    public async Task PushAsync(ImageStore store, StoredGeneration generation, TimeProvider time, IProgress<ImageProgress>? progress, CancellationToken cancellationToken)
    {
        var manifest = store.ReadManifest(generation.ManifestDigest);
        var deltas = store.ListReferrers(generation.ManifestDigest, MediaTypes.Delta);
        var blobs = manifest.Layers.Prepend(manifest.Config)
            .Concat(deltas.Select(delta => store.ReadManifest(delta.Digest)).SelectMany(delta => delta.Layers.Prepend(delta.Config)))
            .DistinctBy(blob => blob.Digest).ToList();
        var meter = new ProgressMeter("Pushing", blobs.Sum(blob => blob.Size), time, progress);
        try
        {
            await Parallel.ForEachAsync(blobs, new ParallelOptions { MaxDegreeOfParallelism = Lanes, CancellationToken = cancellationToken }, async (blob, token) =>
            {
                await PushBlobAsync(store, blob, token).ConfigureAwait(false);
                meter.Add(blob.Size);
            }).ConfigureAwait(false);
            await PushManifestAsync(store, generation.ManifestDigest, TagsNumber ? $"{generation.Number}" : generation.ManifestDigest, cancellationToken).ConfigureAwait(false);
            foreach (var delta in deltas)
            {
                await PushReferrerAsync(store, delta, generation.ManifestDigest, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (HttpRequestException e)
        {
            throw new BlobSourceException(BlobSourceError.Away, $"The registry {client.BaseAddress} cannot be reached: {e.Message}", e);
        }
    }

    private async Task PushBlobAsync(ImageStore store, OciDescriptor blob, CancellationToken cancellationToken)
    {
        using var head = new HttpRequestMessage(HttpMethod.Head, $"v2/{repository}/blobs/{blob.Digest}");
        using var known = await client.SendAsync(head, cancellationToken).ConfigureAwait(false);
        if (known.StatusCode == HttpStatusCode.OK)
        {
            return;
        }

        using var begun = await client.PostAsync(new Uri($"v2/{repository}/blobs/uploads/", UriKind.Relative), null, cancellationToken).ConfigureAwait(false);
        Check(begun, HttpStatusCode.Accepted, $"begin the upload of {blob.Digest}");
        var location = new Uri(client.BaseAddress!, begun.Headers.Location ?? throw Refused("begin an upload: it names no place for it"));
        var separator = location.Query.Length > 0 ? '&' : '?';
        await using var file = File.OpenRead(store.BlobPath(blob.Digest));
        using var content = new StreamContent(file);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        content.Headers.ContentLength = blob.Size;
        using var done = await client.PutAsync(new Uri($"{location.AbsoluteUri}{separator}digest={Uri.EscapeDataString(blob.Digest)}"), content, cancellationToken).ConfigureAwait(false);
        Check(done, HttpStatusCode.Created, $"take the blob {blob.Digest}");
    }

    /// <returns>True: the registry understands subjects and lists referrers itself.</returns>
    private async Task<bool> PushManifestAsync(ImageStore store, string digest, string reference, CancellationToken cancellationToken)
    {
        var bytes = await File.ReadAllBytesAsync(store.BlobPath(digest), cancellationToken).ConfigureAwait(false);
        return await PutDocumentAsync(bytes, MediaTypes.OciManifest, reference, cancellationToken).ConfigureAwait(false);
    }

    private async Task PushReferrerAsync(ImageStore store, OciDescriptor delta, string subject, CancellationToken cancellationToken)
    {
        if (await PushManifestAsync(store, delta.Digest, delta.Digest, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var kept = await ReadReferrersAsync(subject, cancellationToken).ConfigureAwait(false);
        var index = new OciIndex { Manifests = [.. kept.Where(entry => entry.Digest != delta.Digest), delta] };
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

        Check(response, HttpStatusCode.OK, "list its referrers");
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

    private async Task<bool> PutDocumentAsync(byte[] bytes, string mediaType, string reference, CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var done = await client.PutAsync(new Uri($"v2/{repository}/manifests/{reference}", UriKind.Relative), content, cancellationToken).ConfigureAwait(false);
        Check(done, HttpStatusCode.Created, $"take the manifest {reference}");
        return done.Headers.Contains("OCI-Subject");
    }

    private void Check(HttpResponseMessage response, HttpStatusCode wanted, string what)
    {
        if (response.StatusCode != wanted)
        {
            throw Refused($"{what}: it answers {(int)response.StatusCode}");
        }
    }

    private BlobSourceException Refused(string what) => new(BlobSourceError.Away, $"The registry {client.BaseAddress} did not {what}.");
}
