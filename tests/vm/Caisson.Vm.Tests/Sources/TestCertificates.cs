using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Caisson.Vm.Tests.Sources;

/// <summary>A root, a CA under it and a server's certificate under that: what an organisation's own PKI gives.</summary>
internal static class TestCertificates
{
    /// <returns>PEM files: the server's certificate with the CA after it, its key, and the root.</returns>
    public static (string Certificate, string Key, string Root) Make(string folder, string host)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = Authority("CN=Test root", rootKey).CreateSelfSigned(now.AddDays(-2), now.AddYears(2));
        using var middleKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var middle = Authority("CN=Test issuing CA", middleKey).Create(root, now.AddDays(-1), now.AddYears(1), [1, 2, 3]).CopyWithPrivateKey(middleKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var leaf = request.Create(middle, now.AddHours(-1), now.AddDays(30), [4, 5, 6]);
        var (certificateFile, keyFile, rootFile) = (Path.Combine(folder, "tls.crt"), Path.Combine(folder, "tls.key"), Path.Combine(folder, "tls-root.crt"));
        File.WriteAllText(certificateFile, $"{leaf.ExportCertificatePem()}\n{middle.ExportCertificatePem()}\n");
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(rootFile, root.ExportCertificatePem());
        return (certificateFile, keyFile, rootFile);
    }

    private static CertificateRequest Authority(string name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request;
    }
}
