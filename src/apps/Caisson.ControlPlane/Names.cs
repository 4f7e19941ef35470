using System.Text.RegularExpressions;

namespace Caisson.ControlPlane;

/// <summary>What names from outside may look like. Nothing that passes here can leave a folder or a path segment.</summary>
internal static partial class Names
{
    /// <summary>Workspaces and groups: 1 to 40 of [a-z0-9-], not beginning with a dash.</summary>
    public static bool IsWorkspaceId(string text) => WorkspacePattern().IsMatch(text);

    /// <summary>Images, which are registry repositories of one segment (OCI distribution-spec 1.1, "name").</summary>
    public static bool IsImage(string text) => text.Length <= 64 && ImagePattern().IsMatch(text);

    public static bool IsDigest(string text) => DigestPattern().IsMatch(text);

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]{0,39}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex WorkspacePattern();

    [GeneratedRegex(@"\A[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex ImagePattern();

    [GeneratedRegex(@"\Asha256:[0-9a-f]{64}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex DigestPattern();
}
