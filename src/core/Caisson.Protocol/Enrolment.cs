using System.Text;
using System.Text.Json;

namespace Caisson.Protocol;

/// <summary>
/// What an administrator hands to a new PC: one line of text, <c>caisson1.</c> + base64url(JSON).
/// It names the server, pins its CA by hash, and carries a secret good for one enrolment.
/// </summary>
public sealed record EnrolmentToken
{
    private const string Prefix = "caisson1.";

    /// <summary>The endpoint listener, for example https://server:8443.</summary>
    public required Uri Url { get; init; }

    /// <summary>SHA-256 of the CA certificate (DER), lower-case hex.</summary>
    public required string CaSha256 { get; init; }

    public required string Secret { get; init; }

    public override string ToString() =>
        Prefix + System.Buffers.Text.Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(this, ProtocolJson.Default.EnrolmentToken));

    /// <exception cref="FormatException">The text is not a token; the message says what to do.</exception>
    public static EnrolmentToken Parse(string text)
    {
        var trimmed = text.Trim();
        if (!trimmed.StartsWith(Prefix, StringComparison.Ordinal))
        {
            throw new FormatException("This is not an enrolment token: it does not begin with 'caisson1.'. Copy the whole line from the console.");
        }

        try
        {
            var json = System.Buffers.Text.Base64Url.DecodeFromChars(trimmed.AsSpan(Prefix.Length));
            return JsonSerializer.Deserialize(json, ProtocolJson.Default.EnrolmentToken)
                ?? throw new FormatException("The enrolment token is empty. Copy the whole line from the console.");
        }
        catch (Exception e) when (e is FormatException or JsonException or DecoderFallbackException)
        {
            throw new FormatException("The enrolment token is damaged. Copy the whole line from the console again.", e);
        }
    }
}

/// <summary>Answer of GET /authorities: CA certificates, base64 DER, newest first. Public; trusted only by the hash in a token.</summary>
public sealed record AuthorityList(IReadOnlyList<string> Authorities);

/// <summary>POST /enrol, without a client certificate. The CSR's key is the session key; the device key is long-lived.</summary>
public sealed record EnrolmentRequest
{
    public required string Secret { get; init; }

    public required string HostName { get; init; }

    /// <summary>Long-lived device public key, P-256 SubjectPublicKeyInfo, base64.</summary>
    public required string DeviceKey { get; init; }

    /// <summary>PKCS#10, base64 DER, for the 24 h session certificate.</summary>
    public required string CertificateRequest { get; init; }
}

public sealed record EnrolmentResponse
{
    public required EndpointId Endpoint { get; init; }

    /// <summary>24 h session certificate, base64 DER.</summary>
    public required string Certificate { get; init; }

    /// <summary>CA certificates to trust for the server, base64 DER, newest first.</summary>
    public required IReadOnlyList<string> Authorities { get; init; }

    /// <summary>Key that signs desired state: P-256 SubjectPublicKeyInfo, base64.</summary>
    public required string DesiredStateKey { get; init; }
}

/// <summary>POST /renew/nonce → a nonce good once, for five minutes of the server's clock.</summary>
public sealed record RenewalNonceRequest(EndpointId Endpoint);

public sealed record RenewalNonce(string Nonce);

/// <summary>
/// POST /renew, without a client certificate. Signature by the device key (P-256, SHA-256, IEEE P1363, base64) over
/// UTF-8 <c>caisson-renew-v1\n{endpoint}\n{nonce}\n{base64 SHA-256 of the CSR DER}</c>. No clock of either side is asked.
/// </summary>
public sealed record RenewalRequest
{
    public required EndpointId Endpoint { get; init; }

    public required string Nonce { get; init; }

    public required string CertificateRequest { get; init; }

    public required string Signature { get; init; }

    public static byte[] SignedBytes(EndpointId endpoint, string nonce, ReadOnlySpan<byte> certificateRequest) =>
        Encoding.UTF8.GetBytes($"caisson-renew-v1\n{endpoint.Value}\n{nonce}\n{Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(certificateRequest))}");
}

/// <summary>Answer to a renewal. Signed state lets an endpoint with an old CA learn a rotated one: <see cref="Authorities"/> comes inside a
/// <c>SignedDocument</c> under the pinned desired-state key, payload type <see cref="PayloadType"/>.</summary>
public sealed record RenewalResponse
{
    public const string PayloadType = "application/vnd.caisson.renewal.v1+json";

    public required EndpointId Endpoint { get; init; }

    /// <summary>The nonce of the request, so that an old answer cannot be replayed.</summary>
    public required string Nonce { get; init; }

    public required string Certificate { get; init; }

    public required IReadOnlyList<string> Authorities { get; init; }
}
