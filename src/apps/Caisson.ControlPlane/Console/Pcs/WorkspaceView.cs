using System.Globalization;
using System.Text.Json;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;

namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>A workspace of one PC as pages show it: what the PC reported beside what it shall run.</summary>
public sealed record WorkspaceView
{
    public required string Endpoint { get; init; }

    public required string Id { get; init; }

    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    public WorkspaceState State { get; init; }

    /// <summary>Null when the workspace is not assigned any more.</summary>
    public string? Image { get; init; }

    /// <summary>The generation it shall run; null when none is released.</summary>
    public int? Given { get; init; }

    public int? Running { get; init; }

    public int? Prepared { get; init; }

    public long PresentBytes { get; init; }

    public long ImageBytes { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? LastHeartbeatAt { get; init; }

    public bool HasAnswered { get; init; }

    public string? Problem { get; init; }

    /// <summary>How its generations stand on the PC; null before its first start.</summary>
    public GenerationLife? Life { get; init; }

    public DateTimeOffset? PictureAt { get; init; }

    /// <summary>What the guest says of itself: claims.</summary>
    public IReadOnlyDictionary<string, string> Claims { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public bool IsPersonal => Kind == WorkspaceKind.Personal;

    /// <summary>There is a screen to look at.</summary>
    public bool IsUp => State is WorkspaceState.Running or WorkspaceState.Starting or WorkspaceState.Paused or WorkspaceState.WaitingForDisk or WorkspaceState.Stopping or WorkspaceState.Suspending;

    public bool IsOfflineReady => ImageBytes == 0 || PresentBytes >= ImageBytes;

    public int Percent => Words.Percent(PresentBytes, ImageBytes);

    /// <summary>Address of the newest picture; its time in it, so that a new picture is a new address and an old one is never fetched twice.</summary>
    public string? PictureUrl => IsPersonal || PictureAt is not { } at
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"/api/endpoints/{Endpoint}/workspaces/{Id}/screenshot?at={at.ToUnixTimeMilliseconds()}");

    /// <summary>Said beside the state where the life of a generation is not as it should be.</summary>
    public (string Tone, string Text)? LifeBadge => Life?.Health switch
    {
        GenerationHealth.RolledBack => ("bad", "Rolled back"),
        GenerationHealth.Stuck => ("bad", "Nothing to run"),
        GenerationHealth.PcFault => ("bad", "The PC is at fault"),
        GenerationHealth.Degraded => ("warn", "Tools silent"),
        GenerationHealth.OnTrial => ("info", "On trial"),
        _ => null,
    };

    /// <summary>What happened, and what to do; null while all is well.</summary>
    public string? LifeWords => Life is not { } life ? null : life.Health switch
    {
        GenerationHealth.RolledBack => $"Generation {life.Refused} failed here twice: {LifeReports.Why(life.Failure)}. It runs generation {life.Committed} until another is given, or until you try {life.Refused} again.",
        GenerationHealth.Stuck => $"Generation {life.Refused} failed here twice: {LifeReports.Why(life.Failure)}. None has answered here before, so there is nothing to go back to.",
        GenerationHealth.PcFault => $"Generation {life.Committed} answered here before and now fails: {LifeReports.Why(life.Failure)}. It is not started by itself any more. See what changed on this PC, then start it.",
        GenerationHealth.Degraded => $"Generation {Running} did not say it is up, but its screen is alive. It was left running.",
        _ => null,
    };

    /// <summary>Where it stands to the generation it shall run, in words.</summary>
    public string GenerationWords => (Running, Given, Prepared) switch
    {
        ({ } running, { } given, _) when Life?.Refused == given && running != given => $"Generation {running}, back from {given}",
        (null, null, _) => "No generation is released yet",
        (null, { } given, _) => $"Generation {given}, not started yet",
        ({ } running, { } given, { } prepared) when running != given && prepared == given => $"Generation {running}; {given} is ready for the next start",
        ({ } running, { } given, _) when running != given && !IsPersonal => $"Generation {running}; {given} is on its way",
        ({ } running, _, _) => $"Generation {running}",
    };

    internal static WorkspaceView From(ReportedWorkspace reported, Given? given) => new()
    {
        Endpoint = reported.EndpointId,
        Id = reported.WorkspaceId,
        Name = given?.Name ?? reported.WorkspaceId,
        Kind = reported.Kind,
        State = reported.State,
        Image = given?.Image,
        Given = given?.Generation,
        Running = reported.RunningGeneration,
        Prepared = reported.PreparedGeneration,
        PresentBytes = reported.PresentBytes,
        ImageBytes = reported.ImageBytes,
        StartedAt = reported.StartedAt,
        LastHeartbeatAt = reported.LastHeartbeatAt,
        HasAnswered = reported.FirstHeartbeatAt is not null,
        Problem = reported.Problem,
        Life = LifeReports.Life(reported),
        PictureAt = reported.Kind == WorkspaceKind.Personal ? null : reported.ScreenshotAt,
        Claims = ReadClaims(reported),
    };

    private static Dictionary<string, string> ReadClaims(ReportedWorkspace reported) =>
        reported.Kind == WorkspaceKind.Personal
            ? []
            : JsonSerializer.Deserialize<Dictionary<string, string>>(reported.GuestFactsJson) ?? [];
}
