namespace Caisson.Protocol.Api;

/// <summary>GET /api/endpoints (a page) and /api/endpoints/{id}.</summary>
public sealed record EndpointInfo
{
    public required string Id { get; init; }

    public required string HostName { get; init; }

    /// <summary>Who uses it and where it stands, in an administrator's words; empty until somebody says.</summary>
    public string Person { get => field ?? ""; init; }

    /// <inheritdoc cref="Person"/>
    public string Place { get => field ?? ""; init; }

    public required IReadOnlyList<string> Groups { get; init; }

    public required DateTimeOffset EnrolledAt { get; init; }

    public DateTimeOffset? LastSeenAt { get; init; }

    /// <summary>Seen within three poll intervals.</summary>
    public required bool Online { get; init; }

    public required bool Revoked { get; init; }

    /// <summary>Highest desired-state sequence sent, and the highest the endpoint says it acted on.</summary>
    public required long Sequence { get; init; }

    public required long AppliedSequence { get; init; }

    /// <summary>Limit of the background filler; null is none.</summary>
    public long? FillBytesPerSecond { get; init; }

    /// <summary>Null until the first report.</summary>
    public HostFacts? Host { get; init; }

    /// <summary>How the system under the workspaces stands, as the PC last said; null where it said nothing.</summary>
    public ApplianceReport? Appliance { get; init; }

    public required IReadOnlyList<WorkspaceInfo> Workspaces { get; init; }
}

/// <summary>A workspace as its endpoint last reported it. Of a personal one only id, kind and state are ever known here.</summary>
public sealed record WorkspaceInfo
{
    public required WorkspaceReport Report { get; init; }

    /// <summary>From the assignment; the id when it is no longer assigned.</summary>
    public required string Name { get; init; }

    public string? Image { get; init; }

    /// <summary>When the picture under /api/endpoints/{id}/workspaces/{ws}/screenshot was taken; null without one.</summary>
    public DateTimeOffset? ScreenshotAt { get; init; }
}

/// <summary>GET /api/endpoints/{id}/workspaces/{ws}/evidence, newest first; + /{evidence}/screen and /serial for what was seen.</summary>
public sealed record EvidenceInfo
{
    public required StartEvidence Evidence { get; init; }

    /// <summary>When this server first heard of it.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    public required bool HasScreen { get; init; }

    public required bool HasSerial { get; init; }
}

/// <summary>PATCH /api/endpoints/{id}; members left out stay as they are, a fill limit of 0 takes the limit away.</summary>
public sealed record ChangeEndpointRequest
{
    public IReadOnlyList<string>? Groups { get; init; }

    /// <summary>At most 80 characters, like <see cref="Place"/>.</summary>
    public string? Person { get; init; }

    public string? Place { get; init; }

    public long? FillBytesPerSecond { get; init; }
}

/// <summary>POST /api/endpoints/{id}/orders. Display goes through /display instead, because it needs a stream.</summary>
public sealed record CreateOrderRequest(string Workspace, OrderKind Kind);

/// <summary>GET /api/endpoints/{id}/orders.</summary>
public sealed record OrderInfo
{
    public required string Id { get; init; }

    public required string Endpoint { get; init; }

    public required string Workspace { get; init; }

    public required OrderKind Kind { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Null while the endpoint has not answered.</summary>
    public OrderOutcome? Outcome { get; init; }

    public string? Reason { get; init; }
}

/// <summary>POST /api/endpoints/{id}/workspaces/{ws}/display.</summary>
public sealed record DisplayOpened
{
    public required string Order { get; init; }

    /// <summary>Single-use; whoever holds it and a sign-in may meet the stream once.</summary>
    public required string Stream { get; init; }

    /// <summary>Path of the browser's WebSocket on this server.</summary>
    public required string Path { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>POST /api/enrolment-tokens.</summary>
public sealed record CreateEnrolmentTokenRequest
{
    /// <summary>Group the new endpoint joins; null is none.</summary>
    public string? Group { get; init; }

    /// <summary>1 minute to 30 days.</summary>
    public int ValidMinutes { get; set; } = 60;
}

/// <summary>The only time the token is ever shown; the server keeps a hash.</summary>
public sealed record EnrolmentTokenCreated
{
    public required int Id { get; init; }

    /// <summary>One line to hand to the PC: <see cref="EnrolmentToken"/> as text.</summary>
    public required string Token { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>GET /api/enrolment-tokens.</summary>
public sealed record EnrolmentTokenInfo
{
    public required int Id { get; init; }

    public string? Group { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; init; }

    public string? UsedBy { get; init; }
}
