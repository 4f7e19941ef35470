namespace Caisson.Protocol;

/// <summary>The endpoint listener's routes (TLS 1.3). All but enrolment, renewal and authorities need a session certificate.</summary>
public static class Routes
{
    public const string Enrol = "/enrol";

    /// <summary>GET, without a client certificate, <see cref="AuthorityList"/>: the CA certificates. TLS servers do not send their root, and an
    /// endpoint must see it, and compare it with the hash in its token, before it sends the token's secret.</summary>
    public const string Authorities = "/authorities";
    public const string RenewNonce = "/renew/nonce";
    public const string Renew = "/renew";

    /// <summary>GET, ETag; answer is a SignedDocument. <c>?wait=SECONDS</c> holds the answer until it changes, at most 30 s.</summary>
    public const string DesiredState = "/v1/desired-state";

    /// <summary>POST <see cref="EndpointReport"/>.</summary>
    public const string Report = "/v1/report";

    /// <summary>POST image/png, at most 8 MiB; + /{workspace}. Managed and disposable workspaces only; the server refuses others too.</summary>
    public const string Screenshot = "/v1/screenshots";

    /// <summary>POST, + /{workspace}/{evidence}/screen (image/png, at most 8 MiB) or /serial (text/plain, at most 64 KiB): what a report's
    /// <see cref="StartEvidence"/> speaks of. Repeating it is harmless. Managed and disposable workspaces only.</summary>
    public const string Evidence = "/v1/evidence";

    /// <summary>POST application/vnd.caisson.boot-profile.v1, at most 3 MiB; + /{image}/{manifest digest}. Merged with what the server has; a generation that has enough is left as it is.</summary>
    public const string BootProfiles = "/v1/boot-profiles";

    /// <summary>WebSocket, opened outward by the endpoint; + /{stream}. Raw RFB bytes as binary messages.</summary>
    public const string Stream = "/v1/streams";

    /// <summary>OCI distribution API, pull with ranges and referrers.</summary>
    public const string Registry = "/v2";

    /// <summary>Response header: seconds until the next poll, jitter included.</summary>
    public const string NextPollHeader = "Caisson-Next-Poll-Seconds";

    /// <summary>Response header: seconds the next poll may ask to be held with <c>?wait=</c>; absent is 0.</summary>
    public const string HoldHeader = "Caisson-Hold-Seconds";
}
