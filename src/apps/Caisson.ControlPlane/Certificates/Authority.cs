using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Caisson.Protocol;

namespace Caisson.ControlPlane.Certificates;

/// <summary>
/// Our own CA (ECDSA P-256): issues the endpoint listener's certificate and the endpoints' 24 h session certificates. Endpoints trust it
/// because they pinned it at enrolment or learned it under the desired-state key, never because of its dates; so those are wide, and a
/// server whose clock is ten years off can still issue.
/// </summary>
internal sealed class Authority : IDisposable
{
    public static readonly TimeSpan SessionLife = TimeSpan.FromHours(24);

    /// <summary>A proxy cannot renew by itself, so somebody does it once a year; it is revoked by name at any time.</summary>
    private static readonly TimeSpan SiteCacheLife = TimeSpan.FromDays(400);

    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private static readonly TimeSpan s_clockTolerance = TimeSpan.FromMinutes(10);
    private readonly X509Certificate2 _issuer;
    private readonly TimeProvider _time;

    private Authority(X509Certificate2 issuer, IReadOnlyList<X509Certificate2> trusted, TimeProvider time)
    {
        _issuer = issuer;
        Trusted = trusted;
        _time = time;
    }

    /// <summary>Every CA whose certificates count, newest first, without keys.</summary>
    public IReadOnlyList<X509Certificate2> Trusted { get; }

    /// <summary>SHA-256 of the newest CA certificate (DER), lower-case hex: what an enrolment token pins.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(_issuer.RawData));

    /// <summary>Makes a new CA in the folder; one that is there is retired: trusted on, its key destroyed.</summary>
    public static void Create(DataFolder folder, TimeProvider time)
    {
        var now = time.GetUtcNow();
        if (File.Exists(folder.AuthorityKey))
        {
            using var current = KeyPair.Load(folder.AuthorityCertificate, folder.AuthorityKey);
            var name = now.ToUnixTimeSeconds().ToString("D12", CultureInfo.InvariantCulture);
            DataFolder.WritePrivate(Path.Combine(folder.RetiredAuthorities, name + ".crt"), System.Text.Encoding.ASCII.GetBytes(current.ExportCertificatePem()));
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var serial = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
        var request = new CertificateRequest($"CN=Caisson CA {serial}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(now.AddYears(-25), now.AddYears(50));
        KeyPair.Write(folder.AuthorityCertificate, folder.AuthorityKey, certificate.ExportCertificatePem(), key);
    }

    /// <summary>Forgets the retired CAs: what they issued, and what a thief of their keys issues, counts no more.</summary>
    /// <returns>How many there were.</returns>
    public static int DistrustRetired(DataFolder folder)
    {
        var retired = Directory.GetFiles(folder.RetiredAuthorities, "*.crt");
        foreach (var file in retired)
        {
            File.Delete(file);
        }

        return retired.Length;
    }

    public static Authority Open(DataFolder folder, TimeProvider time)
    {
        var issuer = KeyPair.Load(folder.AuthorityCertificate, folder.AuthorityKey);
        var retired = Directory.EnumerateFiles(folder.RetiredAuthorities, "*.crt").OrderDescending(StringComparer.Ordinal).Select(X509CertificateLoader.LoadCertificateFromFile);
        return new Authority(issuer, [X509CertificateLoader.LoadCertificate(issuer.RawData), .. retired], time);
    }

    /// <summary>A session certificate for the key of a request. Nothing else of the request is looked at: not its subject, not its extensions.</summary>
    /// <returns>DER.</returns>
    /// <exception cref="RequestRefused">Not a PKCS#10 request signed by its own P-256 key.</exception>
    public byte[] IssueSession(EndpointId endpoint, byte[] certificateRequest)
    {
        var now = _time.GetUtcNow();
        return Issue(PublicKeyOf(certificateRequest), $"CN={endpoint}", [ClientAuthentication], subjectNames: null, now - s_clockTolerance, now + SessionLife);
    }

    /// <summary>Makes the endpoint listener's certificate and key. Its key lies beside the CA's own: a short life would protect nothing.</summary>
    public void IssueServer(DataFolder folder, Uri endpointUrl)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = HostNames(System.Net.IPAddress.TryParse(endpointUrl.DnsSafeHost, out _) ? endpointUrl.DnsSafeHost : endpointUrl.IdnHost);
        var now = _time.GetUtcNow();
        var der = Issue(new PublicKey(key), "CN=Caisson server", [ServerAuthentication], names, now.AddYears(-20), now.AddYears(20));
        KeyPair.Write(folder.ServerCertificate, folder.ServerKey, PemEncoding.WriteString("CERTIFICATE", der), key);
    }

    /// <summary>A caching proxy's certificate and key: with it, it reads our registry, and PCs know it.</summary>
    public X509Certificate2 IssueSiteCache(string name, string host, string certificateFile, string keyFile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = _time.GetUtcNow();
        var der = Issue(new PublicKey(key), SiteCaches.Subject(name), [ClientAuthentication, ServerAuthentication], HostNames(host), now - s_clockTolerance, now + SiteCacheLife);
        KeyPair.Write(certificateFile, keyFile, PemEncoding.WriteString("CERTIFICATE", der), key);
        return X509CertificateLoader.LoadCertificate(der);
    }

    public void Dispose()
    {
        _issuer.Dispose();
        foreach (var certificate in Trusted)
        {
            certificate.Dispose();
        }
    }

    private byte[] Issue(PublicKey key, string subject, string[] usages, X509Extension? subjectNames, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var request = new CertificateRequest(new X500DistinguishedName(subject), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(usage => new Oid(usage))], critical: true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (subjectNames is not null)
        {
            request.CertificateExtensions.Add(subjectNames);
        }

        // 159 bits: positive in ASN.1 without a leading zero byte.
        var serial = RandomNumberGenerator.GetBytes(20);
        serial[0] &= 0x7f;
        serial[0] |= 0x01;
        using var certificate = request.Create(_issuer, notBefore, notAfter, serial);
        return certificate.RawData;
    }

    private static X509Extension HostNames(string host)
    {
        var names = new SubjectAlternativeNameBuilder();
        if (System.Net.IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        return names.Build();
    }

    private static PublicKey PublicKeyOf(byte[] certificateRequest)
    {
        try
        {
            // Checks the request's own signature: the sender has the private key.
            var request = CertificateRequest.LoadSigningRequest(certificateRequest, HashAlgorithmName.SHA256);
            DeviceKeys.RequireP256(request.PublicKey.ExportSubjectPublicKeyInfo());
            return request.PublicKey;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or NotSupportedException)
        {
            throw RequestRefused.BadInput("The certificate request is not a PKCS#10 request signed by its own P-256 key.");
        }
    }
}
