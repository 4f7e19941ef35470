using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Trust;

/// <summary>
/// A payload and a signature over it, so that what was signed is what is read: the payload travels as bytes, never re-serialised.
/// Signed bytes are DSSE's pre-authentication encoding: <c>DSSEv1 len(type) type len(payload) payload</c>
/// (github.com/secure-systems-lab/dsse, protocol.md). Signature: ECDSA P-256, SHA-256, IEEE P1363.
/// </summary>
public sealed record SignedDocument
{
    public required string PayloadType { get; init; }

    public required byte[] Payload { get; init; }

    public required byte[] Signature { get; init; }

    public static SignedDocument Sign(ECDsa key, string payloadType, byte[] payload) => new()
    {
        PayloadType = payloadType,
        Payload = payload,
        Signature = key.SignData(PreAuthenticationEncoding(payloadType, payload), HashAlgorithmName.SHA256),
    };

    /// <summary>The payload, if the signature is the key's over exactly this type and these bytes.</summary>
    /// <exception cref="TrustException">Another key, another type, or altered bytes.</exception>
    public byte[] Open(ECDsa key, string expectedType)
    {
        if (!string.Equals(PayloadType, expectedType, StringComparison.Ordinal))
        {
            throw new TrustException($"A signed document of type '{PayloadType}' was offered where '{expectedType}' is needed.");
        }

        if (!key.VerifyData(PreAuthenticationEncoding(PayloadType, Payload), Signature, HashAlgorithmName.SHA256))
        {
            throw new TrustException("The signature of a document from the server is not by the key this PC was enrolled with. Nothing was changed; if the server was replaced, enrol again.");
        }

        return Payload;
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, TrustJson.Default.SignedDocument);

    /// <exception cref="TrustException">Not a signed document.</exception>
    public static SignedDocument Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, TrustJson.Default.SignedDocument) ?? throw new TrustException("The signed document is empty.");
        }
        catch (JsonException e)
        {
            throw new TrustException("The answer is not a signed document.", e);
        }
    }

    private static byte[] PreAuthenticationEncoding(string type, ReadOnlySpan<byte> payload)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(type)} {type} {payload.Length} "));
        return [.. head, .. payload];
    }
}

/// <summary>Something offered as trusted is not. Nothing was changed.</summary>
public sealed class TrustException : Exception
{
    public TrustException(string message)
        : base(message)
    {
    }

    public TrustException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SignedDocument))]
internal sealed partial class TrustJson : JsonSerializerContext;
