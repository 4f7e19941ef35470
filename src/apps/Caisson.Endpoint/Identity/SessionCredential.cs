using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Caisson.Endpoint.Files;

namespace Caisson.Endpoint.Identity;

/// <summary>
/// The 24 h certificate this PC shows to the server, and its key. Both are made anew at each renewal.
/// <see cref="AcceptedAt"/> counts from the moment it was taken, by the clock that cannot be set; a stored one counts as just taken
/// if the wall clock finds it in its first half, and as old otherwise. The server has the last word either way.
/// </summary>
internal sealed record SessionCredential(X509Certificate2 Certificate, long AcceptedAt, bool IsOld)
{
    /// <summary>A time the server's own clock has reached: when it made this certificate.</summary>
    public DateTimeOffset ServerTimeFloor => NotBefore(Certificate);

    /// <summary>True from half of its life on, whatever the wall clock says.</summary>
    public bool NeedsRenewal(TimeProvider time) =>
        IsOld || time.GetElapsedTime(AcceptedAt) >= (Certificate.NotAfter - Certificate.NotBefore) / 2;

    public static SessionCredential? Load(EndpointPaths paths, TimeProvider time)
    {
        if (AtomicFile.Read(paths.Session) is not { } bytes)
        {
            return null;
        }

        try
        {
            var pem = Encoding.ASCII.GetString(bytes);
            var certificate = X509Certificate2.CreateFromPem(pem, pem);
            var now = time.GetUtcNow();
            var middle = NotBefore(certificate) + ((certificate.NotAfter - certificate.NotBefore) / 2);
            return new(certificate, time.GetTimestamp(), IsOld: now < NotBefore(certificate) || now >= middle);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            return null; // A session credential is never precious: the device key gets another.
        }
    }

    /// <summary>Joins the answer of the server to the key that asked for it.</summary>
    /// <exception cref="EndpointException">The certificate is for another key.</exception>
    public static SessionCredential Accept(EndpointPaths paths, string certificateBase64, ECDsa sessionKey, TimeProvider time)
    {
        try
        {
            using var bare = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(certificateBase64));
            var certificate = bare.CopyWithPrivateKey(sessionKey);
            AtomicFile.Write(paths.Session, Encoding.ASCII.GetBytes(bare.ExportCertificatePem() + "\n" + sessionKey.ExportPkcs8PrivateKeyPem() + "\n"));
            return new(certificate, time.GetTimestamp(), IsOld: false);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException)
        {
            throw new EndpointException("The server's certificate for this PC does not belong to the key that asked for it. Nothing was changed; it will be asked for again.", e);
        }
    }

    /// <summary>PKCS#10 for a new session key. The name is only a hint; the server writes its own.</summary>
    public static byte[] Request(ECDsa sessionKey, string name) =>
        new CertificateRequest(new X500DistinguishedName($"CN={name}"), sessionKey, HashAlgorithmName.SHA256).CreateSigningRequest();

    public bool Equals(SessionCredential? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);

    private static DateTimeOffset NotBefore(X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    public static ECDsa NewKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

}
