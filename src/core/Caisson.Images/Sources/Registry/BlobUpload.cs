using System.Net;
using System.Net.Http.Headers;

namespace Caisson.Images;

/// <summary>
/// Brings blobs into a repository (distribution-spec 1.1, "Pushing blobs"): one that is there is left alone, a small one goes in one request, a
/// large one in chunks, of which a broken one is sent again from where the registry says it stands.
/// </summary>
internal sealed class BlobUpload(HttpClient client, string repository, IBlobSource from, TimeProvider time)
{
    /// <summary>Packs go whole; deltas and indexes of large images in chunks of this size.</summary>
    private const int ChunkBytes = 8 << 20;

    private const int MostBreaks = 4;

    public async Task SendAsync(OciDescriptor blob, Action<long> sent, CancellationToken cancellationToken)
    {
        if (await Attempts.RunAsync(() => IsThereAsync(blob, cancellationToken), time, cancellationToken).ConfigureAwait(false))
        {
            sent(blob.Size);
        }
        else if (blob.Size <= ChunkBytes)
        {
            await Attempts.RunAsync(() => SendWholeAsync(blob, cancellationToken), time, cancellationToken).ConfigureAwait(false);
            sent(blob.Size);
        }
        else
        {
            await SendInChunksAsync(blob, sent, cancellationToken).ConfigureAwait(false);
        }
    }

    public static void Check(HttpClient client, HttpResponseMessage response, HttpStatusCode wanted, string what)
    {
        if (response.StatusCode == wanted)
        {
            return;
        }

        var error = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => BlobSourceError.Refused,
            HttpStatusCode.NotFound => BlobSourceError.Missing,
            >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout => BlobSourceError.Away,
            _ => BlobSourceError.Invalid,
        };
        var hint = error == BlobSourceError.Refused ? " A credential is missing or has not the right: give a user with --username and --password-file, or sign in with 'docker login'." : "";
        throw new BlobSourceException(error, $"The registry {client.BaseAddress} did not {what}: it answers {(int)response.StatusCode}.{hint}") { RetryAfter = response.Headers.RetryAfter?.Delta };
    }

    /// <summary>A refused certificate is named in the inner exception only, and is the caller's to mend.</summary>
    public static string Reason(Exception e) => e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: { } inner }
        ? $"its certificate is not trusted here. {inner.Message} Give its CA with --ca-file, and the name it was made for."
        : e.Message;

    private async Task<bool> IsThereAsync(OciDescriptor blob, CancellationToken cancellationToken)
    {
        using var head = new HttpRequestMessage(HttpMethod.Head, $"v2/{repository}/blobs/{blob.Digest}");
        using var known = await AskAsync(head, cancellationToken).ConfigureAwait(false);
        return known.StatusCode == HttpStatusCode.OK;
    }

    private async Task<bool> SendWholeAsync(OciDescriptor blob, CancellationToken cancellationToken)
    {
        var place = await BeginAsync(blob, cancellationToken).ConfigureAwait(false);
        using var content = Content(new BlobStream(from, blob, time, cancellationToken), blob.Size);
        return await FinishAsync(place, blob, content, cancellationToken).ConfigureAwait(false);
    }

    private async Task SendInChunksAsync(OciDescriptor blob, Action<long> sent, CancellationToken cancellationToken)
    {
        var place = await Attempts.RunAsync(() => BeginAsync(blob, cancellationToken), time, cancellationToken).ConfigureAwait(false);
        var chunk = new byte[ChunkBytes];
        for (var (at, breaks) = (0L, 0); at < blob.Size;)
        {
            var part = chunk.AsMemory(0, (int)Math.Min(ChunkBytes, blob.Size - at));
            await Attempts.RunAsync(() => from.ReadRangeAsync(blob.Digest, at, part, cancellationToken), time, cancellationToken).ConfigureAwait(false);
            try
            {
                place = await SendChunkAsync(place, blob, at, part, cancellationToken).ConfigureAwait(false);
                at += part.Length;
                sent(part.Length);
            }
            catch (BlobSourceException e) when (e.Error == BlobSourceError.Away && breaks++ < MostBreaks)
            {
                var (standsAt, again) = await Attempts.RunAsync(() => AskPlaceAsync(place, blob, cancellationToken), time, cancellationToken).ConfigureAwait(false);
                sent(Math.Max(standsAt - at, 0));
                (at, place) = (standsAt, again);
            }
        }

        await Attempts.RunAsync(() => FinishAsync(place, blob, null, cancellationToken), time, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Uri> BeginAsync(OciDescriptor blob, CancellationToken cancellationToken)
    {
        using var post = new HttpRequestMessage(HttpMethod.Post, $"v2/{repository}/blobs/uploads/");
        using var begun = await AskAsync(post, cancellationToken).ConfigureAwait(false);
        Check(client, begun, HttpStatusCode.Accepted, $"begin the upload of {blob.Digest}");
        return Place(begun) ?? throw new BlobSourceException(BlobSourceError.Invalid, $"The registry {client.BaseAddress} began an upload but names no place for it.");
    }

    private async Task<Uri> SendChunkAsync(Uri place, OciDescriptor blob, long at, ReadOnlyMemory<byte> part, CancellationToken cancellationToken)
    {
        using var patch = new HttpRequestMessage(HttpMethod.Patch, place) { Content = new ReadOnlyMemoryContent(part) };
        patch.Content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");

        // The spec's form: START-END without a unit, which .NET's own header type does not write.
        patch.Content.Headers.TryAddWithoutValidation("Content-Range", $"{at}-{at + part.Length - 1}");
        using var taken = await AskAsync(patch, cancellationToken).ConfigureAwait(false);
        Check(client, taken, HttpStatusCode.Accepted, $"take a part of {blob.Digest}");
        return Place(taken) ?? place;
    }

    /// <summary>How much of an upload has arrived, and where it goes on.</summary>
    private async Task<(long StandsAt, Uri Place)> AskPlaceAsync(Uri place, OciDescriptor blob, CancellationToken cancellationToken)
    {
        using var get = new HttpRequestMessage(HttpMethod.Get, place);
        using var stands = await AskAsync(get, cancellationToken).ConfigureAwait(false);
        if (stands.StatusCode == HttpStatusCode.NotFound)
        {
            return (0, await BeginAsync(blob, cancellationToken).ConfigureAwait(false));
        }

        Check(client, stands, HttpStatusCode.NoContent, $"say how far the upload of {blob.Digest} is");
        var range = stands.Headers.TryGetValues("Range", out var values) ? values.First().Split('-', '=') : [];
        var at = range is [.., var last] && long.TryParse(last, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var end) && end > 0 ? end + 1 : 0;
        return at <= blob.Size ? (at, Place(stands) ?? place) : throw new BlobSourceException(BlobSourceError.Invalid, $"The registry {client.BaseAddress} has more of {blob.Digest} than there is. Push again.");
    }

    private async Task<bool> FinishAsync(Uri place, OciDescriptor blob, HttpContent? content, CancellationToken cancellationToken)
    {
        var separator = place.Query.Length > 0 ? '&' : '?';
        using var put = new HttpRequestMessage(HttpMethod.Put, $"{place.AbsoluteUri}{separator}digest={Uri.EscapeDataString(blob.Digest)}") { Content = content ?? Content(Stream.Null, 0) };
        using var done = await AskAsync(put, cancellationToken).ConfigureAwait(false);
        Check(client, done, HttpStatusCode.Created, $"take the blob {blob.Digest}");
        return true;
    }

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await client.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException { StatusCode: null } or IOException)
        {
            throw new BlobSourceException(BlobSourceError.Away, $"The registry {client.BaseAddress} cannot be reached: {Reason(e)}", e);
        }
        catch (HttpRequestException e)
        {
            throw new BlobSourceException(BlobSourceError.Refused, $"The registry {client.BaseAddress} cannot be written to: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BlobSourceException(BlobSourceError.Away, $"The registry {client.BaseAddress} does not answer.", e);
        }
    }

    private Uri? Place(HttpResponseMessage response) => response.Headers.Location is { } location ? new Uri(client.BaseAddress!, location) : null;

    private static StreamContent Content(Stream stream, long length)
    {
        var content = new StreamContent(stream);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        content.Headers.ContentLength = length;
        return content;
    }
}
