using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.ControlPlane.Live;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Caisson.ControlPlane.Certificates;

/// <summary>
/// Knows an endpoint by the session certificate of its TLS connection. TLS itself takes any client certificate or none, because enrolment
/// and renewal have none; each other route asks here. The answer to a bad certificate is then a sentence, not a broken handshake.
/// </summary>
internal sealed class EndpointCertificateHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder,
    Authority authority,
    IDbContextFactory<ServerDb> database,
    DataFolder folder,
    Changes changes,
    TimeProvider time) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "EndpointCertificate";

    public const string SiteCacheRole = "site-cache";

    private (string Code, string Sentence) _refusal = (ProblemCodes.CertificateRefused, "This needs a session certificate. Enrol this PC, or renew its certificate.");

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Context.Features.Get<Listener>() is not { Kind: ListenerKind.Endpoints } listener || Context.Connection.ClientCertificate is not { } certificate)
        {
            return AuthenticateResult.NoResult();
        }

        // The chain cannot change within a connection; dates and revocation can.
        if (!(listener.IsOurCertificate ??= IsOurs(certificate)))
        {
            return Refuse(ProblemCodes.CertificateRefused, "The client certificate is not a session certificate of this server's CA. Enrol this PC here.");
        }

        var now = time.GetUtcNow();
        if (now < new DateTimeOffset(certificate.NotBefore) || now > new DateTimeOffset(certificate.NotAfter))
        {
            return Refuse(ProblemCodes.CertificateRefused, "The session certificate is not valid at this time. Renew it with the device key.");
        }

        var id = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        if (SiteCaches.IsSiteCache(certificate))
        {
            return AuthenticateSiteCache(id, certificate);
        }

        // A streamed boot makes thousands of requests: the row is read again only after something about this PC has changed. The version is taken
        // before the row, so a revocation that comes between the two is seen by the next request at the latest.
        var version = changes.Version(id);
        if (listener.AdmittedAtVersion == version)
        {
            return Admit(id);
        }

        await using var db = await database.CreateDbContextAsync(Context.RequestAborted);
        var endpoint = await db.Endpoints.AsNoTracking().Where(e => e.Id == id).Select(e => new { e.RevokedAt }).FirstOrDefaultAsync(Context.RequestAborted);
        if (endpoint is null)
        {
            return Refuse(ProblemCodes.CertificateRefused, "The server does not know this endpoint. Enrol this PC again.");
        }

        if (endpoint.RevokedAt is not null)
        {
            return Refuse(ProblemCodes.Revoked, "This endpoint was revoked by an administrator. Enrol it again with a new token if that was a mistake.");
        }

        listener.AdmittedAtVersion = version;
        return Admit(id);
    }

    private AuthenticateResult Admit(string id) =>
        AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, id)], Scheme.Name)), Scheme.Name));

    /// <summary>A site cache reads the registry and nothing else.</summary>
    private AuthenticateResult AuthenticateSiteCache(string name, X509Certificate2 certificate)
    {
        if (!SiteCaches.IsAdmitted(folder, name, certificate))
        {
            return Refuse(ProblemCodes.Revoked, $"The site cache '{name}' is not admitted here. Make it new files with 'caisson-server site-cache'.");
        }

        return Request.Path.StartsWithSegments(Routes.Registry, StringComparison.Ordinal)
            ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, SiteCacheRole)], Scheme.Name)), Scheme.Name))
            : Refuse(ProblemCodes.CertificateRefused, "A site cache may read the registry and nothing else.");
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        Problems.WriteAsync(Context, StatusCodes.Status401Unauthorized, _refusal.Code, _refusal.Sentence);

    private AuthenticateResult Refuse(string code, string sentence)
    {
        _refusal = (code, sentence);
        return AuthenticateResult.Fail(sentence);
    }

    private bool IsOurs(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        foreach (var root in authority.Trusted)
        {
            chain.ChainPolicy.CustomTrustStore.Add(root);
        }

        // Session certificates live a day and revocation is a column of ours: there is no list to fetch, and nothing may be fetched.
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid("1.3.6.1.5.5.7.3.2"));

        // The leaf's dates are compared with the injected clock by the caller.
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid;
        return chain.Build(certificate);
    }
}
