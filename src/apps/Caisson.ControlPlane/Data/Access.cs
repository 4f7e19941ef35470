namespace Caisson.ControlPlane.Data;

/// <summary>An enrolment token's secret, good once. Only its hash is kept.</summary>
internal sealed class EnrolmentSecret
{
    public int Id { get; init; }

    /// <summary>SHA-256 of the secret, lower-case hex. The secret has 256 random bits, so no salt or slow hash is needed.</summary>
    public required string SecretHash { get; init; }

    public int? GroupId { get; init; }

    public EndpointGroup? Group { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Set in one statement that also checks that it was null: whoever sets it has the enrolment.</summary>
    public DateTimeOffset? UsedAt { get; set; }

    public string? UsedBy { get; set; }
}

/// <summary>A program's right to the people API. Only the token's hash is kept.</summary>
internal sealed class ApiToken
{
    public int Id { get; init; }

    public required string Name { get; init; }

    public required string TokenHash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; set; }
}

/// <summary>A one-time link into the console. The sign-in-link verb writes it beside a running server; the database is the channel.</summary>
internal sealed class SignInLink
{
    public int Id { get; init; }

    public required string SecretHash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    public DateTimeOffset? UsedAt { get; set; }
}

/// <summary>Who did what, and what changed by itself. Never changed, never deleted.</summary>
internal sealed class ActivityEntry
{
    public long Id { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>A token's name, "console", an endpoint id, or "server".</summary>
    public required string Actor { get; init; }

    /// <summary>Stable word, for example <c>generation.released</c>; see <see cref="ActivityKinds"/>.</summary>
    public required string Kind { get; init; }

    public string? EndpointId { get; init; }

    /// <summary>A sentence for people.</summary>
    public required string Text { get; init; }
}

/// <summary>The stable words of <see cref="ActivityEntry.Kind"/>.</summary>
internal static class ActivityKinds
{
    public const string ServerInitialised = "server.initialised";
    public const string ServerRestored = "server.restored";
    public const string StoreFreed = "server.store-freed";
    public const string AuthorityRotated = "server.ca-rotated";
    public const string SourcesSet = "sources.set";
    public const string SignedIn = "person.signed-in";
    public const string ApiTokenCreated = "api-token.created";
    public const string ApiTokenDeleted = "api-token.deleted";
    public const string ImageCreated = "image.created";
    public const string GenerationPublished = "generation.published";
    public const string GenerationState = "generation.state";
    public const string GenerationRemoved = "generation.removed";
    public const string DeltaReady = "generation.delta-ready";
    public const string DeltaFailed = "generation.delta-failed";
    public const string GroupCreated = "group.created";
    public const string GroupDeleted = "group.deleted";
    public const string GroupAppliance = "group.appliance";
    public const string AssignmentCreated = "assignment.created";
    public const string AssignmentDeleted = "assignment.deleted";
    public const string AssignmentChanged = "assignment.changed";
    public const string AssignmentRolledBack = "assignment.rolled-back";
    public const string EnrolmentTokenCreated = "enrolment-token.created";
    public const string EnrolmentTokenDeleted = "enrolment-token.deleted";
    public const string EndpointEnrolled = "endpoint.enrolled";
    public const string EndpointRevoked = "endpoint.revoked";
    public const string EndpointChanged = "endpoint.changed";
    public const string OrderIssued = "order.issued";
    public const string OrderDone = "order.done";
    public const string OrderRefused = "order.refused";
    public const string OrderFailed = "order.failed";
    public const string WorkspaceHeartbeat = "workspace.heartbeat";
    public const string WorkspaceGeneration = "workspace.generation";
    public const string WorkspacePrepared = "workspace.prepared";
    public const string WorkspaceState = "workspace.state";
    public const string WorkspaceProblem = "workspace.problem";
    public const string WorkspaceCommitted = "workspace.committed";
    public const string WorkspaceStartFailed = "workspace.start-failed";
    public const string WorkspaceRolledBack = "workspace.rolled-back";
    public const string WorkspaceStuck = "workspace.stuck";
    public const string WorkspaceDegraded = "workspace.degraded";
    public const string WorkspacePcFault = "workspace.pc-fault";
    public const string ApplianceVersion = "appliance.version";
    public const string ApplianceWaits = "appliance.waits";
    public const string ApplianceRefused = "appliance.refused";
    public const string ApplianceProblem = "appliance.problem";
    public const string DisplayOpened = "display.opened";
    public const string DisplayClosed = "display.closed";
}
