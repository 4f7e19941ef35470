using System.Buffers;

namespace Caisson.Trust;

/// <summary>
/// What may run: the one function that decides it, with one caller, right before a workspace starts. Today its authority is the signed
/// desired state; TUF's trusted set will stand here, and nothing around it will change. Pure: no I/O, no clock.
/// Denials in the order they are looked for: <see cref="RunDenial"/>.
/// </summary>
public static class RunApproval
{
    private const string DigestPrefix = "sha256:";
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <param name="wish">What the verified desired state says of this workspace; null when it does not name it.</param>
    /// <param name="offer">What is about to be started.</param>
    /// <param name="history">What was allowed for this workspace before.</param>
    public static RunDecision Decide(RunWish? wish, RunOffer offer, RunHistory history)
    {
        if (wish is null || !Same(wish.Workspace, offer.Workspace))
        {
            return Deny(RunDenial.NotAssigned, $"'{offer.Workspace}' is not assigned to this PC. Assign it, or remove it here.");
        }

        if (!Same(wish.Kind, offer.Kind))
        {
            // Else a private workspace could be declared corporate, and with that become viewable.
            return Deny(RunDenial.OtherKind, $"'{offer.Workspace}' is {offer.Kind} here, but the server says {wish.Kind}. A workspace never changes its kind; use another name.");
        }

        if (!IsDigest(offer.ManifestDigest) || !IsDigest(wish.ManifestDigest))
        {
            return Deny(RunDenial.MalformedDigest, $"'{offer.Workspace}' names its generation '{offer.ManifestDigest}', which is not a SHA-256 digest.");
        }

        if (wish.KeepsFirstGeneration && history.First is { } first)
        {
            return Same(first, offer.ManifestDigest)
                ? new RunDecision.Allowed(offer.ManifestDigest)
                : Deny(RunDenial.NotItsFirst, $"'{offer.Workspace}' was made from {first} and stays on it; {offer.ManifestDigest} would not fit its disk.");
        }

        return Same(wish.ManifestDigest, offer.ManifestDigest) || (!wish.KeepsFirstGeneration && history.Approved.Contains(offer.ManifestDigest, StringComparer.Ordinal))
            ? new RunDecision.Allowed(offer.ManifestDigest)
            : Deny(RunDenial.OtherGeneration, $"'{offer.Workspace}' would start {offer.ManifestDigest}, but the server wants {wish.ManifestDigest} and never wanted the other.");
    }

    private static RunDecision.Denied Deny(RunDenial reason, string message) => new(reason, message);

    private static bool Same(string a, string b) => string.Equals(a, b, StringComparison.Ordinal);

    private static bool IsDigest(string text) =>
        text.Length == DigestPrefix.Length + 64
        && text.StartsWith(DigestPrefix, StringComparison.Ordinal)
        && text.AsSpan(DigestPrefix.Length).IndexOfAnyExcept(HexDigits) < 0;
}

/// <summary>One workspace as the verified desired state has it.</summary>
/// <param name="Kind">Compared, not interpreted.</param>
/// <param name="ManifestDigest"><c>sha256:</c> and 64 lower-case hexadecimal digits: the root of every byte of the generation.</param>
/// <param name="KeepsFirstGeneration">The generation only seeds the disk, and later ones never touch it (a personal workspace).</param>
public sealed record RunWish(string Workspace, string Kind, string ManifestDigest, bool KeepsFirstGeneration);

/// <summary>What is about to be started, from what lies on this PC's disk.</summary>
public sealed record RunOffer(string Workspace, string Kind, string ManifestDigest);

/// <summary>What this PC remembers of the workspace.</summary>
/// <param name="First">The digest it was first made from; null before its first start.</param>
/// <param name="Approved">
/// Digests that earlier verified states wanted and that were allowed then: the way back from a generation that is not here yet, or sick.
/// </param>
public sealed record RunHistory(string? First, IReadOnlyCollection<string> Approved)
{
    /// <summary>Of a workspace that never ran.</summary>
    public static RunHistory None { get; } = new(null, []);
}

/// <summary>What <see cref="RunApproval.Decide"/> decided.</summary>
public abstract record RunDecision
{
    private RunDecision()
    {
    }

    /// <summary>Start exactly this and nothing else.</summary>
    public sealed record Allowed(string ManifestDigest) : RunDecision;

    /// <param name="Reason">For code.</param>
    /// <param name="Message">For people.</param>
    public sealed record Denied(RunDenial Reason, string Message) : RunDecision;
}

/// <summary>Why something may not run.</summary>
public enum RunDenial
{
    /// <summary>The desired state does not name this workspace.</summary>
    NotAssigned,

    /// <summary>The workspace exists here as another kind.</summary>
    OtherKind,

    /// <summary>Not a digest, so it names nothing that could be verified.</summary>
    MalformedDigest,

    /// <summary>A workspace that keeps its first generation was offered another.</summary>
    NotItsFirst,

    /// <summary>Neither wanted now nor approved before.</summary>
    OtherGeneration,
}
