using System.Security.Cryptography;
using System.Text.Json;
using Caisson.ControlPlane.Certificates;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Hosting;
using Caisson.ControlPlane.SignIn;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Enrolment;

/// <summary>The routes of the endpoint listener that need no certificate: the CA itself, enrolment, and renewal by the device key.</summary>
internal static class EnrolmentApi
{
    /// <summary>A request is a few hundred bytes of keys and a CSR.</summary>
    private const int MaxBodyBytes = 32 * 1024;

    public static void MapEnrolment(this WebApplication app)
    {
        var routes = app.MapGroup("").OnListener(ListenerKind.Endpoints).AllowAnonymous().ExcludeFromDescription()
            .RequireRateLimiting(StrangerLimit.Policy).WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MaxBodyBytes));
        routes.MapGet(Routes.Authorities, (Authority authority) => TypedResults.Json(new AuthorityList(Authorities(authority)), ProtocolJson.Default.AuthorityList));
        routes.MapPost(Routes.Enrol, EnrolAsync);
        routes.MapPost(Routes.RenewNonce, (RenewalNonceRequest request, RenewalNonces nonces) =>
            IsEndpointId(request.Endpoint.Value) ? TypedResults.Ok(new RenewalNonce(nonces.Issue(request.Endpoint))) : throw RequestRefused.BadInput("This is not an endpoint id."));
        routes.MapPost(Routes.Renew, RenewAsync);
    }

    private static async Task<EnrolmentResponse> EnrolAsync(EnrolmentRequest request, ServerDb db, Authority authority, DesiredStateSigner signer, TimeProvider time, CancellationToken cancellationToken)
    {
        // A stranger costs one read. Everything that can be wrong with the request is found before the secret is used up.
        var now = time.GetUtcNow();
        var hash = Secrets.Hash(request.Secret);
        RequireGood(await FindAsync(db, hash, cancellationToken), now);
        var deviceKey = DeviceKey(request.DeviceKey);
        var hostName = HostName(request.HostName);
        var id = new EndpointId("pc-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        var certificate = authority.IssueSession(id, Bytes(request.CertificateRequest));

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var taken = await db.EnrolmentSecrets.Where(s => s.SecretHash == hash && s.UsedAt == null && s.ExpiresAt > now)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.UsedAt, now).SetProperty(s => s.UsedBy, id.Value), cancellationToken);
        var secret = await FindAsync(db, hash, cancellationToken);
        if (taken != 1)
        {
            // Another PC was quicker.
            RequireGood(secret, now);
        }

        db.Endpoints.Add(new EnrolledEndpoint { Id = id.Value, HostName = hostName, DeviceKey = deviceKey, EnrolledAt = now });
        if (secret!.GroupId is { } group)
        {
            db.GroupMembers.Add(new GroupMember { GroupId = group, EndpointId = id.Value });
        }

        db.Record(time, id.Value, ActivityKinds.EndpointEnrolled, $"{hostName} enrolled.", id.Value);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new EnrolmentResponse
        {
            Endpoint = id,
            Certificate = Convert.ToBase64String(certificate),
            Authorities = Authorities(authority),
            DesiredStateKey = Convert.ToBase64String(signer.PublicKey),
        };
    }

    private static Task<EnrolmentSecret?> FindAsync(ServerDb db, string hash, CancellationToken cancellationToken) =>
        db.EnrolmentSecrets.AsNoTracking().FirstOrDefaultAsync(s => s.SecretHash == hash, cancellationToken);

    private static void RequireGood(EnrolmentSecret? secret, DateTimeOffset now)
    {
        var sentence = secret switch
        {
            null => "The server does not know this enrolment token. Copy the whole line from the console again.",
            { UsedAt: not null } => "This enrolment token was used already. Make a new one in the console.",
            _ when secret.ExpiresAt <= now => "This enrolment token has expired. Make a new one in the console.",
            _ => null,
        };
        if (sentence is not null)
        {
            throw new RequestRefused(StatusCodes.Status403Forbidden, ProblemCodes.TokenRefused, sentence);
        }
    }

    private static async Task<IResult> RenewAsync(RenewalRequest request, ServerDb db, Authority authority, DesiredStateSigner signer, RenewalNonces nonces, CancellationToken cancellationToken)
    {
        var certificateRequest = Bytes(request.CertificateRequest);
        var endpoint = await db.Endpoints.FirstOrDefaultAsync(e => e.Id == request.Endpoint.Value, cancellationToken);
        if (!nonces.IsGood(request.Endpoint, request.Nonce) || endpoint is null || !IsSigned(request, certificateRequest, endpoint.DeviceKey) || !nonces.Use(request.Nonce))
        {
            // One answer for three faults: nobody learns here which endpoints exist.
            throw new RequestRefused(StatusCodes.Status403Forbidden, ProblemCodes.CertificateRefused, "The renewal is not signed by this endpoint's device key over a nonce that is still good. Ask for a new nonce and try again.");
        }

        if (endpoint.RevokedAt is not null)
        {
            throw new RequestRefused(StatusCodes.Status403Forbidden, ProblemCodes.Revoked, "This endpoint was revoked by an administrator. Enrol it again with a new token if that was a mistake.");
        }

        var response = new RenewalResponse
        {
            Endpoint = request.Endpoint,
            Nonce = request.Nonce,
            Certificate = Convert.ToBase64String(authority.IssueSession(request.Endpoint, certificateRequest)),
            Authorities = Authorities(authority),
        };

        // No activity: every PC renews every day, and nobody wants to read that.
        var signed = signer.Sign(RenewalResponse.PayloadType, JsonSerializer.SerializeToUtf8Bytes(response, ProtocolJson.Default.RenewalResponse));
        return TypedResults.Bytes(signed.ToJson(), "application/json");
    }

    private static bool IsSigned(RenewalRequest request, byte[] certificateRequest, byte[] deviceKey)
    {
        using var key = DeviceKeys.Import(deviceKey);
        return key.VerifyData(RenewalRequest.SignedBytes(request.Endpoint, request.Nonce, certificateRequest), Bytes(request.Signature), HashAlgorithmName.SHA256);
    }

    private static List<string> Authorities(Authority authority) => [.. authority.Trusted.Select(c => Convert.ToBase64String(c.RawData))];

    private static byte[] DeviceKey(string text)
    {
        try
        {
            var key = Bytes(text);
            DeviceKeys.RequireP256(key);
            return key;
        }
        catch (CryptographicException)
        {
            throw RequestRefused.BadInput("The device key is not a P-256 SubjectPublicKeyInfo.");
        }
    }

    private static byte[] Bytes(string base64)
    {
        var buffer = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, buffer, out var length) ? buffer[..length] : throw RequestRefused.BadInput("A member of the request is not base64.");
    }

    /// <summary>A claim of the PC, shown to people: bounded, and without control characters.</summary>
    private static string HostName(string claimed)
    {
        var name = new string([.. claimed.Where(c => !char.IsControl(c)).Take(120)]).Trim();
        return name.Length > 0 ? name : throw RequestRefused.BadInput("The host name is empty.");
    }

    private static bool IsEndpointId(string id) => id.Length is > 0 and <= 64 && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
