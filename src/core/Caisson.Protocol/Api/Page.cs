namespace Caisson.Protocol.Api;

/// <summary>One page of a list. The server pages and filters; nobody ever asks for all of it.</summary>
/// <param name="Items">At most the asked limit.</param>
/// <param name="Total">How many match the filter, over all pages.</param>
/// <param name="Offset">Index of the first item, from 0.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, int Total, int Offset);

/// <summary>Every refused request carries RFC 9457 problem details with this stable, machine-readable code beside the sentence.</summary>
/// <param name="Title">A sentence: what happened, why, what to do.</param>
/// <param name="Code">Stable word for programs, such as <c>not_found</c>; see <see cref="ProblemCodes"/>.</param>
public sealed record ApiProblem(string? Title = null, string? Detail = null, int? Status = null, string? Code = null);

/// <summary>The stable codes of <see cref="ApiProblem"/>.</summary>
public static class ProblemCodes
{
    public const string BadInput = "bad_input";
    public const string NotFound = "not_found";
    public const string AlreadyExists = "already_exists";
    public const string WrongState = "wrong_state";
    public const string SignInNeeded = "sign_in_needed";
    public const string CertificateRefused = "certificate_refused";
    public const string TokenRefused = "token_refused";
    public const string Revoked = "revoked";
    public const string PersonalWorkspace = "personal_workspace";
    public const string WrongOrigin = "wrong_origin";
    public const string TooMany = "too_many";
    public const string NoSpace = "no_space";
    public const string ServerFault = "server_fault";
}

/// <summary>GET /api/server.</summary>
public sealed record ServerInfo
{
    public required string Version { get; init; }

    /// <summary>Where people and the CLI reach the server.</summary>
    public required string Url { get; init; }

    /// <summary>Where endpoints reach it.</summary>
    public required string EndpointUrl { get; init; }

    /// <summary>SHA-256 of the newest CA certificate (DER), lower-case hex.</summary>
    public required string CaSha256 { get; init; }
}
