namespace Caisson.Launcher.Switching;

/// <summary>Where the person can be: the start page or a workspace that is up. Each is a workspace of sway's of this name.</summary>
/// <param name="Name">Also the application id of its window, by which sway puts the window there.</param>
internal readonly record struct Place(string Name)
{
    private const string Prefix = "caisson.";

    public static Place Start { get; } = new("start");

    public string? WorkspaceId => Name.StartsWith(Prefix, StringComparison.Ordinal) ? Name[Prefix.Length..] : null;

    /// <param name="workspaceId">1 to 40 of [a-z0-9-]; anything else would be words of a command to sway.</param>
    public static Place Of(string workspaceId) =>
        workspaceId.Length is > 0 and <= 40 && workspaceId.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? new Place(Prefix + workspaceId)
            : throw new ArgumentException($"'{workspaceId}' is no workspace's id.", nameof(workspaceId));
}
