using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Data;

/// <summary>A PC that enrolled. Its row is kept for good: a revoked endpoint must stay known to be refused.</summary>
internal sealed class EnrolledEndpoint
{
    public required string Id { get; init; }

    public required string HostName { get; set; }

    /// <summary>Who uses it, in an administrator's words; empty until somebody says.</summary>
    public string Person { get; set; } = "";

    /// <summary>Where it stands, in an administrator's words; empty until somebody says.</summary>
    public string Place { get; set; } = "";

    /// <summary>Long-lived device public key, P-256 SubjectPublicKeyInfo: what renewals are checked against.</summary>
    public required byte[] DeviceKey { get; init; }

    public required DateTimeOffset EnrolledAt { get; init; }

    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>Last request of any kind, written at most every few seconds.</summary>
    public DateTimeOffset? LastSeenAt { get; set; }

    /// <summary>Limit of the background filler in bytes per second; null is none.</summary>
    public long? FillBytesPerSecond { get; set; }

    /// <summary>Highest desired-state sequence handed out. Raised here, durably, before the document is sent.</summary>
    public long Sequence { get; set; }

    /// <summary>SHA-256 of the content that <see cref="Sequence"/> stands for; other content needs a higher sequence.</summary>
    public string DesiredContentHash { get; set; } = "";

    public DateTimeOffset DesiredIssuedAt { get; set; }

    /// <summary>Highest sequence the endpoint says it acted on.</summary>
    public long AppliedSequence { get; set; }

    /// <summary>Null until the first report.</summary>
    public ReportedHost? Host { get; set; }

    /// <summary>What it last said of the appliance it runs: an <see cref="ApplianceReport"/> as JSON, bounded; null where it said nothing.</summary>
    public string? ApplianceJson { get; set; }

    public List<ReportedWorkspace> Workspaces { get; } = [];

    public List<GroupMember> Memberships { get; } = [];
}

/// <summary>What an endpoint last said of its machine.</summary>
internal sealed class ReportedHost
{
    public required string CaissondVersion { get; set; }

    public required string QemuVersion { get; set; }

    /// <summary>"kvm" or "tcg".</summary>
    public required string Accelerator { get; set; }

    public required int Cpus { get; set; }

    public required long MemoryBytes { get; set; }

    public required long FreeDiskBytes { get; set; }
}

/// <summary>The last report of one workspace. Of a personal one only id, kind and state are ever written.</summary>
internal sealed class ReportedWorkspace
{
    public required string EndpointId { get; init; }

    public required string WorkspaceId { get; init; }

    public required WorkspaceKind Kind { get; set; }

    public required WorkspaceState State { get; set; }

    public int? RunningGeneration { get; set; }

    public int? PreparedGeneration { get; set; }

    public long PresentBytes { get; set; }

    public long ImageBytes { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FirstHeartbeatAt { get; set; }

    public DateTimeOffset? LastHeartbeatAt { get; set; }

    /// <summary>A claim of the guest: JSON object of strings, bounded.</summary>
    public string GuestFactsJson { get; set; } = "{}";

    public string? Problem { get; set; }

    /// <summary>How its generations stand on the PC; null before it was started there, and always of a personal workspace.</summary>
    public GenerationHealth? Health { get; set; }

    public int? CommittedGeneration { get; set; }

    /// <summary>Older generations on the PC's disk, newest first: "6 5".</summary>
    public string KeptGenerations { get; set; } = "";

    /// <summary>The generation that failed there and is not tried again.</summary>
    public int? RefusedGeneration { get; set; }

    public StartFailure? Failure { get; set; }

    /// <summary>A whole newer generation waits for a restart since then, and until then at the latest.</summary>
    public DateTimeOffset? UpdateWaitsSince { get; set; }

    public DateTimeOffset? UpdateBy { get; set; }

    /// <summary>When the newest picture on disk was taken; null without one.</summary>
    public DateTimeOffset? ScreenshotAt { get; set; }
}

/// <summary>What a PC saw of one start that failed, or was silent behind a living screen. Its picture and serial log are files beside the database.</summary>
internal sealed class Evidence
{
    public required string EndpointId { get; init; }

    public required string WorkspaceId { get; init; }

    /// <summary>Made by the endpoint; sorts by time.</summary>
    public required string Id { get; init; }

    public required int Generation { get; init; }

    /// <summary>By the PC's clock.</summary>
    public required DateTimeOffset At { get; init; }

    public required StartFailure? Failure { get; init; }

    public required string Text { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public bool HasScreen { get; set; }

    public bool HasSerial { get; set; }
}

/// <summary>A set of endpoints that get the same workspaces.</summary>
internal sealed class EndpointGroup
{
    public int Id { get; init; }

    public required string Name { get; init; }

    public required string Description { get; set; }

    /// <summary>The image that is the appliance of its PCs; null leaves their systems as they are.</summary>
    public string? ApplianceImage { get; set; }

    public List<GroupMember> Members { get; } = [];

    public List<Assignment> Assignments { get; } = [];
}

internal sealed class GroupMember
{
    public required int GroupId { get; init; }

    public required string EndpointId { get; init; }

    public EndpointGroup? Group { get; init; }
}

/// <summary>A workspace every endpoint of a group has.</summary>
internal sealed class Assignment
{
    public int Id { get; init; }

    public required int GroupId { get; init; }

    public EndpointGroup? Group { get; init; }

    public required string WorkspaceId { get; init; }

    public required string Name { get; set; }

    public required WorkspaceKind Kind { get; init; }

    public required string ImageName { get; init; }

    public required AssignmentTrack Track { get; set; }

    public required int MemoryMiB { get; set; }

    public required int Cpus { get; set; }

    public required long UserVolumeBytes { get; set; }

    public required bool AutoStart { get; set; }

    /// <summary>The generation it was rolled back to and stays on; null follows the newest on its track.</summary>
    public int? HeldAt { get; set; }

    /// <summary>Older generations a PC keeps on its disk.</summary>
    public int KeepGenerations { get; set; } = DesiredWorkspace.DefaultKeepGenerations;

    /// <summary>Running time in which a started guest must say its first heartbeat.</summary>
    public int AnswerWithinSeconds { get; set; } = DesiredWorkspace.DefaultAnswerWithinSeconds;

    /// <summary>Hours a prepared update may wait for a restart; null is for ever.</summary>
    public int? UpdateWithinHours { get; set; }
}

/// <summary>Something an administrator asked of one workspace once.</summary>
internal sealed class IssuedOrder
{
    public required string Id { get; init; }

    public required string EndpointId { get; init; }

    public required string WorkspaceId { get; init; }

    public required OrderKind Kind { get; init; }

    /// <summary>Name of the gateway stream, for <see cref="OrderKind.Display"/> only.</summary>
    public string? Stream { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Null while the endpoint has not answered.</summary>
    public OrderOutcome? Outcome { get; set; }

    public string? Reason { get; set; }
}
