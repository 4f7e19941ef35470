using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>How far an image is on this PC.</summary>
internal enum ImageState
{
    /// <summary>Being opened or made; ask again later.</summary>
    Busy,

    /// <summary>On disk, not served.</summary>
    OnDisk,

    /// <summary>Served over NBD; a machine can start from it, it fills in the background.</summary>
    Open,

    /// <summary>Served, and every byte is here.</summary>
    Complete,
}

/// <summary>What the person or an administrator asked, and was not done yet.</summary>
internal enum Wish
{
    None,
    Start,
    Stop,
    Restart,

    /// <summary>Memory to the disk; a start goes on where it was.</summary>
    Suspend,
}

/// <summary>A workspace as it is.</summary>
internal sealed record ActualWorkspace
{
    public required WorkspaceRecord Record { get; init; }

    public required WorkspaceState State { get; init; }

    /// <summary>A start or stop is under way; nothing new is begun.</summary>
    public bool Busy { get; init; }

    public Wish Wish { get; init; }

    /// <summary>Stopped on purpose; autostart leaves it so until asked or until the PC starts again.</summary>
    public bool HeldStopped { get; init; }

    /// <summary>False for a while after a failed start.</summary>
    public bool MayStart { get; init; } = true;
}

/// <summary>Everything the planner looks at besides the desired state.</summary>
/// <param name="Images">By manifest digest.</param>
internal sealed record ActualEndpoint(IReadOnlyList<ActualWorkspace> Workspaces, IReadOnlyDictionary<string, ImageState> Images)
{
    /// <summary>Digests of images that no workspace needs and the PC itself does.</summary>
    public IReadOnlySet<string> Kept { get; init; } = new HashSet<string>(StringComparer.Ordinal);
}

/// <summary>One step; each is idempotent and begun at most once at a time by the executor.</summary>
internal abstract record PlanAction
{
    private PlanAction()
    {
    }

    /// <summary>The workspace or image it is about.</summary>
    public abstract string Subject { get; }

    /// <summary>First sight of a workspace: fix its kind.</summary>
    internal sealed record Remember(WorkspaceRecord Record) : PlanAction
    {
        public override string Subject => Record.Id.Value;
    }

    /// <summary>Make or open the image's folder and serve it; made from <paramref name="Seed"/> and the delta between them where that is here.</summary>
    internal sealed record OpenImage(GenerationReference Generation, string? Seed) : PlanAction
    {
        public override string Subject => Generation.ManifestDigest;
    }

    /// <param name="Workspace">What is wanted of it.</param>
    /// <param name="From">Of a suspended workspace always the generation it was suspended with.</param>
    /// <param name="Afresh">What was suspended is given up.</param>
    internal sealed record Start(DesiredWorkspace Workspace, GenerationReference From, bool Afresh = false) : PlanAction
    {
        public override string Subject => Workspace.Id.Value;
    }

    internal sealed record Stop(WorkspaceId Workspace, string Why) : PlanAction
    {
        public override string Subject => Workspace.Value;
    }

    internal sealed record Suspend(WorkspaceId Workspace) : PlanAction
    {
        public override string Subject => Workspace.Value;
    }

    /// <summary>A start was asked that the rule does not allow.</summary>
    internal sealed record Decline(WorkspaceId Workspace, string Why) : PlanAction
    {
        public override string Subject => Workspace.Value;
    }

    /// <summary>No machine, no record and no desired workspace needs this generation any more.</summary>
    internal sealed record RemoveImage(string ManifestDigest) : PlanAction
    {
        public override string Subject => ManifestDigest;
    }
}
