using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Caisson.Endpoint.Files;
using Caisson.Protocol;

namespace Caisson.Endpoint.Identity;

/// <summary>What this PC knows of its server since enrolment. <see cref="Authorities"/> changes when the server rotates its CA; nothing else does.</summary>
internal sealed record Enrolment
{
    public required EndpointId Endpoint { get; init; }

    public required Uri Url { get; init; }

    /// <summary>CA certificates, base64 DER, newest first.</summary>
    public required IReadOnlyList<string> Authorities { get; init; }

    /// <summary>P-256 SubjectPublicKeyInfo, base64; pinned for the life of the enrolment.</summary>
    public required string DesiredStateKey { get; init; }

    public static Enrolment? Load(EndpointPaths paths)
    {
        if (AtomicFile.Read(paths.Enrolment) is not { } json)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(json, EndpointJson.Default.Enrolment);
        }
        catch (JsonException e)
        {
            throw new EndpointException($"'{paths.Enrolment}' is damaged. Move it away and enrol this PC again with a new token.", e);
        }
    }

    public void Save(EndpointPaths paths) => AtomicFile.Write(paths.Enrolment, JsonSerializer.SerializeToUtf8Bytes(this, EndpointJson.Default.Enrolment));

    public X509Certificate2Collection AuthorityCertificates() =>
        [.. Authorities.Select(a => X509CertificateLoader.LoadCertificate(Convert.FromBase64String(a)))];

    public ECDsa OpenDesiredStateKey()
    {
        var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(DesiredStateKey), out _);
        return key;
    }
}
