using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Caisson.Protocol;

namespace Caisson.Endpoint.Identity;

/// <summary>
/// Turns a token into an enrolled PC. The server is checked against the token's CA hash before the secret leaves this PC.
/// Interrupted, it is simply run again; if the server had used the token up by then it says so, and a new token is all that is needed.
/// </summary>
internal static class Enroller
{
    private const int LargestAnswer = 1 << 20;

    /// <exception cref="EndpointException">Refused, unreachable, or another server; nothing but the device key was written.</exception>
    public static async Task<Enrolment> EnrolAsync(EndpointPaths paths, EnrolmentToken token, string hostName, TimeProvider time, CancellationToken ct)
    {
        if (Enrolment.Load(paths) is { } already)
        {
            return KeepOrRefuse(already, token, paths);
        }

        RefuseAnotherScheme(token.Url);
        using var pinned = await FetchPinnedAuthorityAsync(token, ct);
        using var deviceKey = DeviceKey.LoadOrCreate(paths);
        using var sessionKey = SessionCredential.NewKey();
        var request = new EnrolmentRequest
        {
            Secret = token.Secret,
            HostName = hostName,
            DeviceKey = Convert.ToBase64String(deviceKey.ExportSubjectPublicKeyInfo()),
            CertificateRequest = Convert.ToBase64String(SessionCredential.Request(sessionKey, hostName)),
        };
        var response = await SendAsync(token.Url, pinned, request, ct);
        if (!response.Authorities.Any(a => Matches(a, token.CaSha256)))
        {
            throw new EndpointException("The server's answer does not name the CA of the token, so it is not trusted. Ask for a new token.");
        }

        SessionCredential.Accept(paths, response.Certificate, sessionKey, time);
        var enrolment = new Enrolment { Endpoint = response.Endpoint, Url = token.Url, Authorities = response.Authorities, DesiredStateKey = response.DesiredStateKey };
        RefuseUnreadableKey(enrolment);
        enrolment.Save(paths);
        return enrolment;
    }

    /// <summary>A key that cannot be read must not be pinned for ever.</summary>
    private static void RefuseUnreadableKey(Enrolment enrolment)
    {
        try
        {
            enrolment.OpenDesiredStateKey().Dispose();
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            throw new EndpointException("The server's answer holds no readable desired-state key. Server and endpoint may be of different versions; nothing was kept.", e);
        }
    }

    private static Enrolment KeepOrRefuse(Enrolment already, EnrolmentToken token, EndpointPaths paths) =>
        already.Url == token.Url
            ? already
            : throw new EndpointException($"This PC is already enrolled with {already.Url} as '{already.Endpoint}'. To move it to {token.Url}, move '{Path.GetDirectoryName(paths.Enrolment)}' away first.");

    private static void RefuseAnotherScheme(Uri url)
    {
        if (!url.IsAbsoluteUri || url.Scheme != Uri.UriSchemeHttps)
        {
            throw new EndpointException($"The token names '{url}', which is not an https address. Ask for a new token.");
        }
    }

    /// <summary>Over a channel nobody vouches for, so nothing secret is sent: only the CA whose hash the token holds comes back.</summary>
    private static async Task<X509Certificate2> FetchPinnedAuthorityAsync(EnrolmentToken token, CancellationToken ct)
    {
        using var http = Client(token.Url, [], _ => true);
        try
        {
            var list = await http.GetFromJsonAsync(Routes.Authorities, ProtocolJson.Default.AuthorityList, ct);
            var match = list?.Authorities?.FirstOrDefault(a => Matches(a, token.CaSha256))
                ?? throw new EndpointException($"The server at {token.Url} does not hold the CA named in the token: it is another server, or its CA was replaced. The token's secret was not sent. Ask for a new token.");
            return X509CertificateLoader.LoadCertificate(Convert.FromBase64String(match));
        }
        catch (Exception e) when (IsNoAnswer(e, ct) || e is CryptographicException)
        {
            throw new EndpointException($"The server at {token.Url} could not be asked for its CA: {Reason(e)} Check the address and the network, then try again; the token is still unused.", e);
        }
    }

    private static async Task<EnrolmentResponse> SendAsync(Uri url, X509Certificate2 pinned, EnrolmentRequest request, CancellationToken ct)
    {
        string? refusal = null;
        using var http = Client(url, [pinned], r => (refusal = r) is null);
        try
        {
            using var answer = await http.PostAsJsonAsync(Routes.Enrol, request, ProtocolJson.Default.EnrolmentRequest, ct);
            if (answer.IsSuccessStatusCode)
            {
                return await answer.Content.ReadFromJsonAsync(ProtocolJson.Default.EnrolmentResponse, ct) ?? throw new EndpointException("The server's answer to the enrolment was empty. Try again.");
            }

            throw new EndpointException(await ReasonAsync(answer, ct));
        }
        catch (HttpRequestException e) when (refusal is not null)
        {
            throw new EndpointException($"The server at {url} is not trusted: {refusal}. The token's secret was not sent.", e);
        }
        catch (Exception e) when (IsNoAnswer(e, ct))
        {
            throw new EndpointException($"The enrolment did not reach its end: {Reason(e)} Run the same command again with the same token.", e);
        }
    }

    /// <summary>A time limit shows as a cancellation nobody asked for.</summary>
    internal static bool IsNoAnswer(Exception e, CancellationToken ct) =>
        e is HttpRequestException or JsonException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested);

    private static string Reason(Exception e) => e is OperationCanceledException ? "It did not answer in time." : e.Message;

    private static async Task<string> ReasonAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        ServerProblem? problem = null;
        try
        {
            problem = JsonSerializer.Deserialize(await answer.Content.ReadAsByteArrayAsync(ct), EndpointJson.Default.ServerProblem);
        }
        catch (JsonException)
        {
            // Not a ProblemDetails; the status code speaks.
        }

        var said = problem?.Detail ?? problem?.Title;
        return answer.StatusCode is HttpStatusCode.TooManyRequests
            ? "The server asks to wait a minute before the next enrolment. Nothing was changed."
            : $"The server refused the enrolment ({(int)answer.StatusCode}): {said ?? "the token is used, expired or altered."} Ask an administrator for a new token.";
    }

    private static HttpClient Client(Uri url, X509Certificate2Collection authorities, Func<string?, bool> decide) => new(new SocketsHttpHandler
    {
        SslOptions = ServerTrust.TlsOptions(() => authorities, url.Host, () => DateTimeOffset.MinValue, decide),
        AllowAutoRedirect = false,
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(15),
    })
    {
        BaseAddress = url,
        Timeout = TimeSpan.FromSeconds(60),
        MaxResponseContentBufferSize = LargestAnswer,
    };

    private static bool Matches(string certificateBase64, string sha256)
    {
        var buffer = new byte[certificateBase64.Length];
        return Convert.TryFromBase64String(certificateBase64, buffer, out var length)
            && string.Equals(Convert.ToHexStringLower(SHA256.HashData(buffer.AsSpan(0, length))), sha256, StringComparison.OrdinalIgnoreCase);
    }
}
