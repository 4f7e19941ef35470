using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Caisson.Endpoint.Identity;

/// <summary>
/// Is this TLS server ours? Chain to a stored authority, server-authentication purpose, host name. The PC's own clock is not asked,
/// because a PC with a dead battery must still come home; instead time is what the server itself has shown: a certificate that ended
/// before the newest one it gave us began is expired.
/// </summary>
internal static class ServerTrust
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Null when trusted, else why not, as half a sentence.</summary>
    public static string? Refusal(X509Certificate2 server, X509Certificate2Collection sent, X509Certificate2Collection authorities, string host, DateTimeOffset serverTimeFloor)
    {
        var notBefore = new DateTimeOffset(server.NotBefore.ToUniversalTime());
        var notAfter = new DateTimeOffset(server.NotAfter.ToUniversalTime());
        if (notAfter < serverTimeFloor)
        {
            return $"its certificate ended at {notAfter:u}, before the server made this PC's own at {serverTimeFloor:u}";
        }

        if (!server.MatchesHostname(host))
        {
            return $"its certificate is not for '{host}'";
        }

        var middle = notBefore + ((notAfter - notBefore) / 2);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // Short-lived, from a private CA; rotation of the CA is the revocation.
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = (serverTimeFloor > middle ? serverTimeFloor : middle).UtcDateTime;
        return chain.Build(server) ? null : "its certificate is not by the CA this PC was enrolled with: " + string.Join(' ', chain.ChainStatus.Select(s => s.StatusInformation.Trim()));
    }

    /// <summary>TLS 1.3 only; <paramref name="decide"/> gets null or the refusal and says whether to go on.</summary>
    public static SslClientAuthenticationOptions TlsOptions(Func<X509Certificate2Collection> authorities, string host, Func<DateTimeOffset> serverTimeFloor, Func<string?, bool> decide) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls13,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
        {
            if (certificate is not X509Certificate2 server)
            {
                return decide("it showed no certificate");
            }

            var sent = new X509Certificate2Collection();
            if (chain is not null)
            {
                sent.AddRange(chain.ChainPolicy.ExtraStore);
            }

            return decide(Refusal(server, sent, authorities(), host, serverTimeFloor()));
        },
    };
}
