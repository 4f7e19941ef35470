using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Caisson.Images;

/// <summary>
/// Answers a registry's 401: with the credential itself (Basic), or with a token fetched where the registry says (distribution's token
/// specification, "Bearer"), anonymously if there is no credential. Nothing is sent to any other host than the registry and its token service.
/// </summary>
internal sealed partial class RegistryAuthorization(Uri registry, RegistryCredential? credential) : DelegatingHandler
{
    private const int MaxTokenBytes = 1 << 20;

    /// <summary>What to show, by repository and whether it is written to.</summary>
    private readonly ConcurrentDictionary<(string Repository, bool IsWrite), AuthenticationHeaderValue> _known = new();

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.RequestUri is not { } address || address.Authority != registry.Authority || address.Scheme != registry.Scheme)
        {
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        var key = Key(request, address);
        request.Headers.Authorization = _known.GetValueOrDefault(key);
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Unauthorized || await AnswerAsync(response, cancellationToken).ConfigureAwait(false) is not { } answer)
        {
            return response;
        }

        response.Dispose();
        _known[key] = request.Headers.Authorization = answer;
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <returns>Null: there is nothing to answer the challenge with.</returns>
    private async Task<AuthenticationHeaderValue?> AnswerAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        foreach (var challenge in response.Headers.WwwAuthenticate)
        {
            if (challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            {
                return credential?.Header.Scheme == "Bearer" ? credential.Header : await FetchTokenAsync(challenge.Parameter ?? "", cancellationToken).ConfigureAwait(false);
            }

            if (challenge.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) && credential is not null)
            {
                return credential.Header;
            }
        }

        return null;
    }

    private async Task<AuthenticationHeaderValue> FetchTokenAsync(string challenge, CancellationToken cancellationToken)
    {
        var parameters = Parameter().Matches(challenge).DistinctBy(m => m.Groups["name"].Value, StringComparer.OrdinalIgnoreCase).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value, StringComparer.OrdinalIgnoreCase);
        if (!parameters.TryGetValue("realm", out var realm) || !Uri.TryCreate(realm, UriKind.Absolute, out var service) || !MayBeAsked(service))
        {
            throw new HttpRequestException($"{registry} wants a token from '{parameters.GetValueOrDefault("realm")}', which is no address a credential may be sent to.");
        }

        var query = string.Join('&', parameters.Where(p => p.Key is "service" or "scope").Select(p => $"{p.Key}={Uri.EscapeDataString(p.Value)}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(service) { Query = service.Query.Length > 1 ? $"{service.Query[1..]}&{query}" : query }.Uri);
        request.Headers.Authorization = credential?.Header;
        using var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"The token service {service} of {registry} answers {(int)response.StatusCode}: {(credential is null ? "it wants a credential" : "it does not take the credential")}.", null, response.StatusCode);
        }

        await response.Content.LoadIntoBufferAsync(MaxTokenBytes, cancellationToken).ConfigureAwait(false);
        return new AuthenticationHeaderValue("Bearer", ReadToken(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false), service));
    }

    /// <summary>As safe a line as the registry's own.</summary>
    private bool MayBeAsked(Uri service) => service.Scheme == Uri.UriSchemeHttps || (service.Scheme == Uri.UriSchemeHttp && registry.Scheme == Uri.UriSchemeHttp);

    private static string ReadToken(byte[] answer, Uri service)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            foreach (var name in (string[])["token", "access_token"])
            {
                if (json.RootElement.TryGetProperty(name, out var token) && token.GetString() is { Length: > 0 } text && !text.Any(char.IsControl))
                {
                    return text;
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Said below.
        }

        throw new HttpRequestException($"The token service {service} gave no token.");
    }

    private static (string Repository, bool IsWrite) Key(HttpRequestMessage request, Uri address)
    {
        var path = RepositoryPath().Match(address.AbsolutePath);
        return (path.Success ? path.Groups["repository"].Value : "", request.Method != HttpMethod.Get && request.Method != HttpMethod.Head);
    }

    [GeneratedRegex("(?<name>[a-zA-Z_]+)=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parameter();

    [GeneratedRegex("^/v2/(?<repository>.+)/(blobs|manifests|referrers|tags)/", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RepositoryPath();
}
