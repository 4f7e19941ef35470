using System.Globalization;
using Caisson.Protocol;

namespace Caisson.ControlPlane.Console;

/// <summary>How the console says numbers, times and states. One place, so that every page says them alike.</summary>
public static class Words
{
    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    /// <summary>12345 → "12,345".</summary>
    public static string Count(long number) => number.ToString("N0", English);

    /// <summary>(1, "PC") → "1 PC"; (1204, "PC") → "1,204 PCs".</summary>
    public static string Count(long number, string noun) => $"{Count(number)} {noun}{(number == 1 ? "" : "s")}";

    /// <summary>Decimal sizes as people buy them: "640 KB", "116 MB", "1.9 GB".</summary>
    public static string Size(long bytes) => bytes switch
    {
        <= 0 => "0 MB",
        < 1_000_000 => $"{Math.Max(1, bytes / 1000)} KB",
        < 999_500_000 => string.Create(English, $"{Math.Round(bytes / 1e6)} MB"),
        < 99_950_000_000 => string.Create(English, $"{bytes / 1e9:0.#} GB"),
        _ => string.Create(English, $"{Math.Round(bytes / 1e9):N0} GB"),
    };

    /// <summary>Memory counts in powers of two and says GB all the same, as on the label: 4096 MiB → "4 GB".</summary>
    public static string Memory(long mebibytes) => mebibytes < 1024
        ? $"{mebibytes} MB"
        : string.Create(English, $"{mebibytes / 1024.0:0.#} GB");

    /// <summary>How long ago, in the one unit that matters. A clock a little ahead of ours is "just now".</summary>
    public static string Ago(TimeSpan age) => age switch
    {
        { TotalSeconds: < 45 } => "just now",
        { TotalMinutes: < 59.5 } => $"{Math.Max(1, Math.Round(age.TotalMinutes))} min ago",
        { TotalHours: < 23.5 } => $"{Math.Max(1, Math.Round(age.TotalHours))} h ago",
        { TotalDays: < 1.5 } => "yesterday",
        { TotalDays: < 60 } => $"{Math.Round(age.TotalDays)} days ago",
        { TotalDays: < 700 } => $"{Math.Round(age.TotalDays / 30.44)} months ago",
        _ => $"{Math.Round(age.TotalDays / 365.25)} years ago",
    };

    /// <summary>How far an image has come, 0 to 100; 100 only when every byte is here.</summary>
    public static int Percent(long present, long whole) =>
        whole <= 0 || present >= whole ? 100 : (int)Math.Clamp(present * 100 / whole, 0, 99);

    public static string Kind(WorkspaceKind kind) => kind switch
    {
        WorkspaceKind.Managed => "managed",
        WorkspaceKind.Personal => "personal",
        _ => "disposable",
    };

    /// <summary>The state of a workspace and the colour of its dot.</summary>
    public static (string Text, string Tone) State(WorkspaceState state, bool hasAnswered) => state switch
    {
        WorkspaceState.Running when hasAnswered => ("Running", "ok"),
        WorkspaceState.Running or WorkspaceState.Starting => ("Starting", "info"),
        WorkspaceState.Paused => ("Paused", "off"),
        WorkspaceState.WaitingForDisk => ("Waiting for its image", "warn"),
        WorkspaceState.Stopping => ("Shutting down", "info"),
        WorkspaceState.Suspending => ("Being suspended", "info"),
        WorkspaceState.Suspended => ("Suspended", "off"),
        WorkspaceState.Failed => ("Did not start", "bad"),
        _ => ("Off", "off"),
    };
}
