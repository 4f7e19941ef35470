using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>One repository of an OCI registry (distribution-spec 1.1), pull with ranges. The client's base address is the registry's root, ending in '/'.</summary>
public sealed class RegistryBlobSource(HttpClient client, string repository) : IBlobSource
{
    private const int SkipBytes = 64 * 1024;

    /// <summary>A connection that gives nothing, or hardly anything, for this long is given up.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(30);

    public string Name => $"{client.BaseAddress}v2/{repository}";

    public async Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) =>
        await TryReadDocumentAsync($"manifests/{reference}", MediaTypes.OciManifest, cancellationToken).ConfigureAwait(false)
        ?? throw new BlobSourceException(BlobSourceError.Missing, $"{Name} has no manifest {reference}.");

    public async Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (buffer.IsEmpty)
        {
            return this; // HTTP has no range of no bytes.
        }

        await AskAsync($"blobs/{digest}", request => request.Headers.Range = new RangeHeaderValue(offset, offset + buffer.Length - 1), async (response, watch) =>
        {
            Check(response, digest);
            await using var body = await response.Content.ReadAsStreamAsync(watch.Token).ConfigureAwait(false);
            await SkipToAsync(body, response, offset, digest, watch).ConfigureAwait(false);
            await FillAsync(body, buffer, digest, watch).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false);
        return this;
    }

    public async Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken)
    {
        // A registry without the referrers API answers 404; there a client keeps the list under a tag (distribution-spec 1.1, "Referrers Tag Schema").
        var bytes = await TryReadDocumentAsync($"referrers/{digest}?artifactType={Uri.EscapeDataString(artifactType)}", MediaTypes.OciIndex, cancellationToken).ConfigureAwait(false)
            ?? await TryReadDocumentAsync($"manifests/{RegistryPush.ReferrersTag(digest)}", MediaTypes.OciIndex, cancellationToken).ConfigureAwait(false);
        try
        {
            return bytes is null ? [] : [.. OciIndex.Parse(bytes).Manifests.Where(entry => entry.ArtifactType == artifactType)];
        }
        catch (JsonException e)
        {
            throw Away("its list of referrers is not an OCI index", e);
        }
    }

    public void Reject(string digest)
    {
        // Nothing to remember: who has other sources asks them first.
    }

    private Task<byte[]?> TryReadDocumentAsync(string path, string accept, CancellationToken cancellationToken) =>
        AskAsync(path, request => request.Headers.Accept.ParseAdd(accept), async (response, watch) =>
        {
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            Check(response, path);
            return await ReadSmallAsync(response, path, watch).ConfigureAwait(false);
        }, cancellationToken);

    /// <summary>One GET; whatever goes wrong on the line is <see cref="BlobSourceError.Away"/>.</summary>
    private async Task<T> AskAsync<T>(string path, Action<HttpRequestMessage> prepare, Func<HttpResponseMessage, StallWatch, Task<T>> read, CancellationToken cancellationToken)
    {
        using var watch = new StallWatch(StallLimit, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"v2/{repository}/{path}");
            prepare(request);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, watch.Token).ConfigureAwait(false);
            return await read(response, watch).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Away(e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Away("it does not answer", e);
        }
    }

    private void Check(HttpResponseMessage response, string what)
    {
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw new BlobSourceException(BlobSourceError.Missing, $"{Name} has no {what}.");
        }

        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new BlobSourceException(BlobSourceError.Refused, $"{Name} does not give {what} to this asker (it answers {(int)response.StatusCode}): a credential is missing or has not the right.");
        }

        if (!response.IsSuccessStatusCode)
        {
            var retryAfter = response.Headers.RetryAfter;
            throw new BlobSourceException(BlobSourceError.Away, $"{Name} gave no bytes: it answers {(int)response.StatusCode} for {what}.")
            {
                RetryAfter = retryAfter?.Delta ?? (retryAfter?.Date is { } date && response.Headers.Date is { } now && date > now ? date - now : null),
            };
        }
    }

    private async Task<byte[]> ReadSmallAsync(HttpResponseMessage response, string what, StallWatch watch)
    {
        await using var body = await response.Content.ReadAsStreamAsync(watch.Token).ConfigureAwait(false);
        using var whole = new MemoryStream();
        var part = new byte[16 * 1024];
        int got;
        while ((got = await body.ReadAsync(part, watch.Token).ConfigureAwait(false)) > 0)
        {
            watch.Feed(got);
            whole.Write(part, 0, got);
            if (whole.Length > Limits.MaxManifestBytes)
            {
                throw Away($"its answer for {what} is larger than a manifest may be", null);
            }
        }

        return whole.ToArray();
    }

    /// <summary>A proxy may answer 200 with the whole blob; another range than asked is a lie.</summary>
    private async Task SkipToAsync(Stream body, HttpResponseMessage response, long offset, string digest, StallWatch watch)
    {
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            if (response.Content.Headers.ContentRange?.From != offset)
            {
                throw Away($"it answers with another range of {digest} than was asked", null);
            }

            return;
        }

        var skip = new byte[SkipBytes];
        for (var left = offset; left > 0;)
        {
            var part = skip.AsMemory(0, (int)Math.Min(left, skip.Length));
            await FillAsync(body, part, digest, watch).ConfigureAwait(false);
            left -= part.Length;
        }
    }

    private async Task FillAsync(Stream body, Memory<byte> buffer, string digest, StallWatch watch)
    {
        while (buffer.Length > 0)
        {
            var got = await body.ReadAsync(buffer, watch.Token).ConfigureAwait(false);
            if (got == 0)
            {
                throw Away($"its answer for {digest} ended early", null);
            }

            watch.Feed(got);
            buffer = buffer[got..];
        }
    }

    private BlobSourceException Away(string why, Exception? inner) => new(BlobSourceError.Away, $"{Name} gave no bytes: {why}.", inner);
}
