using Caisson.ControlPlane.Console.Parts;
using Caisson.ControlPlane.Data;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>What was seen of one start that failed.</summary>
public sealed record SeenStart(string Endpoint, string Workspace, EvidenceInfo Of)
{
    public string Page => Today.LifeTroubles.EvidencePage(Endpoint, Workspace, Of.Evidence.Id);

    public string? Picture => Of.HasScreen ? $"/api/endpoints/{Endpoint}/workspaces/{Workspace}/evidence/{Of.Evidence.Id}/screen" : null;
}

/// <summary>All that a PC's page shows.</summary>
public sealed record PcView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Person { get; init; }

    public required string Place { get; init; }

    public required DateTimeOffset EnrolledAt { get; init; }

    public DateTimeOffset? LastSeenAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>The PC has acted on the newest it was told.</summary>
    public bool UpToDate { get; init; }

    public long? FillBytesPerSecond { get; init; }

    internal ReportedHost? Host { get; init; }

    /// <summary>What it last said of the appliance it runs.</summary>
    public Protocol.ApplianceReport? Appliance { get; init; }

    public required IReadOnlyList<string> Groups { get; init; }

    public required IReadOnlyList<WorkspaceView> Workspaces { get; init; }

    public required IReadOnlyList<TimelineEntry> Timeline { get; init; }

    /// <summary>What was seen of failed starts, newest first.</summary>
    public required IReadOnlyList<SeenStart> Starts { get; init; }
}
