using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Caisson.Protocol;
using Caisson.Trust;

namespace Caisson.Endpoint.Identity;

/// <summary>
/// A new session certificate for the device key's signature over the server's nonce. No clock of this PC is asked.
/// Only here may TLS be unverified (a rotated CA cannot be known yet): the answer must be signed by the pinned desired-state key and carry
/// our nonce, and what we send gives nothing away — a signature that is good for our own session key alone. Who sits in between can offer an
/// old nonce and play its old answer, so the answer counts as fresh only once its certificate is found to be for the key made just now.
/// </summary>
internal static class Renewal
{
    private const int LargestAnswer = 1 << 20;

    /// <exception cref="RenewalRefusedException">The server does not want this PC any more.</exception>
    /// <exception cref="HttpRequestException">The server is away.</exception>
    /// <exception cref="TrustException">The answer is not by the server this PC was enrolled with.</exception>
    public static async Task<(Enrolment Enrolment, SessionCredential Session)> RenewAsync(EndpointPaths paths, Enrolment enrolment, DateTimeOffset serverTimeFloor, TimeProvider time, Action<string> unverified, CancellationToken ct)
    {
        using var authorities = new DisposableCertificates(enrolment.AuthorityCertificates());
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = ServerTrust.TlsOptions(() => authorities.Certificates, enrolment.Url.Host, () => serverTimeFloor, refusal =>
            {
                if (refusal is not null)
                {
                    unverified(refusal);
                }

                return true;
            }),
            AllowAutoRedirect = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
        })
        {
            BaseAddress = enrolment.Url,
            Timeout = TimeSpan.FromSeconds(60),
            MaxResponseContentBufferSize = LargestAnswer,
        };

        var nonce = await PostAsync(http, Routes.RenewNonce, new RenewalNonceRequest(enrolment.Endpoint), ProtocolJson.Default.RenewalNonceRequest, ct);
        var offered = Read(nonce, ProtocolJson.Default.RenewalNonce).Nonce;

        using var deviceKey = DeviceKey.LoadOrCreate(paths);
        using var sessionKey = SessionCredential.NewKey();
        var csr = SessionCredential.Request(sessionKey, enrolment.Endpoint.Value);
        var answer = await PostAsync(http, Routes.Renew, new RenewalRequest
        {
            Endpoint = enrolment.Endpoint,
            Nonce = offered,
            CertificateRequest = Convert.ToBase64String(csr),
            Signature = Convert.ToBase64String(deviceKey.SignData(RenewalRequest.SignedBytes(enrolment.Endpoint, offered, csr), HashAlgorithmName.SHA256)),
        }, ProtocolJson.Default.RenewalRequest, ct);

        var response = Open(enrolment, offered, answer);
        var renewed = enrolment with { Authorities = response.Authorities };
        renewed.AuthorityCertificates().ToList().ForEach(c => c.Dispose()); // An unreadable authority must not replace a good one.
        var session = SessionCredential.Accept(paths, response.Certificate, sessionKey, time);
        if (!response.Authorities.SequenceEqual(enrolment.Authorities, StringComparer.Ordinal))
        {
            renewed.Save(paths); // Never before: a recorded answer would bring back a CA that was rotated away.
        }

        return (renewed, session);
    }

    private static RenewalResponse Open(Enrolment enrolment, string nonce, byte[] answer)
    {
        using var pinned = enrolment.OpenDesiredStateKey();
        var response = Read(SignedDocument.Parse(answer).Open(pinned, RenewalResponse.PayloadType), ProtocolJson.Default.RenewalResponse);
        if (response.Endpoint != enrolment.Endpoint || !string.Equals(response.Nonce, nonce, StringComparison.Ordinal) || response.Authorities.Count == 0)
        {
            throw new TrustException("The server's answer to a renewal is for another request or another PC. Nothing was changed; it will be asked again.");
        }

        return response;
    }

    private static T Read<T>(byte[] json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new TrustException("The server's answer to a renewal is empty.");
        }
        catch (JsonException e)
        {
            throw new TrustException("The server's answer to a renewal cannot be read.", e);
        }
    }

    private static async Task<byte[]> PostAsync<T>(HttpClient http, string route, T body, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken ct)
    {
        using var answer = await http.PostAsJsonAsync(route, body, type, ct);
        if (answer.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.Unauthorized)
        {
            throw new RenewalRefusedException();
        }

        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadAsByteArrayAsync(ct);
    }

    private sealed class DisposableCertificates(X509Certificate2Collection certificates) : IDisposable
    {
        public X509Certificate2Collection Certificates => certificates;

        public void Dispose() => certificates.ToList().ForEach(c => c.Dispose());
    }
}

/// <summary>The server knows this PC no more, or has revoked it.</summary>
internal sealed class RenewalRefusedException() : EndpointException("The server refuses this PC: it was revoked or removed. What is on this PC stays and goes on; to manage it again, enrol it with a new token.");
