using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Caisson.Images;

/// <summary>Makes clients for registries others run: their certificate authority, our credential, redirects to where blobs lie.</summary>
public static class RegistryConnection
{
    /// <summary>Until an answer begins; bodies are watched by whoever reads them.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(2);

    /// <param name="root">The registry's root, ending in '/'.</param>
    /// <param name="caFile">PEM of the CAs that may sign its certificate; null takes those of this machine.</param>
    /// <exception cref="ImageStoreException">Bad input: the file has no certificate.</exception>
    public static HttpClient Open(Uri root, RegistryCredential? credential, string? caFile)
    {
        var transport = new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(15), PooledConnectionLifetime = TimeSpan.FromMinutes(30), UseCookies = false };
        if (caFile is not null)
        {
            transport.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trusting(caFile) };
        }

        return new HttpClient(new RegistryAuthorization(root, credential) { InnerHandler = transport }) { BaseAddress = root, Timeout = AnswerLimit };
    }

    private static X509ChainPolicy Trusting(string caFile)
    {
        // Revocation as .NET has it by default: not asked.
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(caFile);
        }
        catch (CryptographicException e)
        {
            throw new ImageStoreException(ImageStoreError.BadInput, $"{caFile} has no certificate in it: {e.Message}", e);
        }

        return policy.CustomTrustStore.Count > 0 ? policy : throw new ImageStoreException(ImageStoreError.BadInput, $"{caFile} has no certificate in it; it must be PEM.");
    }
}
