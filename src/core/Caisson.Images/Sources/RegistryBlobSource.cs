using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>One repository of an OCI registry (distribution-spec 1.1), pull with ranges. The client's base address is the registry's root, ending in '/'.</summary>
public sealed class RegistryBlobSource(HttpClient client, string repository) : IBlobSource
{
    /// <summary>A connection that gives nothing for this long is given up.</summary>
    private static readonly TimeSpan StallLimit = TimeSpan.FromSeconds(30);

    public async Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) =>
        await TryReadDocumentAsync($"manifests/{reference}", MediaTypes.OciManifest, cancellationToken).ConfigureAwait(false)
        ?? throw new BlobSourceException(BlobSourceError.Missing, $"{Name} has no manifest {reference}.");

    public async Task ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(StallLimit);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"v2/{repository}/blobs/{digest}");
            request.Headers.Range = new RangeHeaderValue(offset, offset + buffer.Length - 1);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token).ConfigureAwait(false);
            Check(response, digest);
            await using var body = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
            await SkipToAsync(body, response, offset, digest, stall).ConfigureAwait(false);
            await FillAsync(body, buffer, digest, stall).ConfigureAwait(false);
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

    private string Name => $"{client.BaseAddress}v2/{repository}";

    private async Task<byte[]?> TryReadDocumentAsync(string path, string accept, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"v2/{repository}/{path}");
            request.Headers.Accept.ParseAdd(accept);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            Check(response, path);
            await response.Content.LoadIntoBufferAsync(Limits.MaxManifestBytes, cancellationToken).ConfigureAwait(false);
            return await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Away(e.Message, e);
        }
    }

    private void Check(HttpResponseMessage response, string what)
    {
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw new BlobSourceException(BlobSourceError.Missing, $"{Name} has no {what}.");
        }

        if (!response.IsSuccessStatusCode)
        {
            throw Away($"it answers {(int)response.StatusCode} for {what}", null);
        }
    }

    /// <summary>A proxy may answer 200 with the whole blob; another range than asked is a lie.</summary>
    private async Task SkipToAsync(Stream body, HttpResponseMessage response, long offset, string digest, CancellationTokenSource stall)
    {
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            if (response.Content.Headers.ContentRange?.From != offset)
            {
                throw Away($"it answers with another range of {digest} than was asked", null);
            }

            return;
        }

        var skip = new byte[64 * 1024];
        for (var left = offset; left > 0;)
        {
            var part = skip.AsMemory(0, (int)Math.Min(left, skip.Length));
            await FillAsync(body, part, digest, stall).ConfigureAwait(false);
            left -= part.Length;
        }
    }

    private async Task FillAsync(Stream body, Memory<byte> buffer, string digest, CancellationTokenSource stall)
    {
        while (buffer.Length > 0)
        {
            stall.CancelAfter(StallLimit);
            var got = await body.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
            if (got == 0)
            {
                throw Away($"its answer for {digest} ended early", null);
            }

            buffer = buffer[got..];
        }
    }

    private BlobSourceException Away(string why, Exception? inner) => new(BlobSourceError.Away, $"{Name} gave no bytes: {why}.", inner);
}
