namespace Caisson.Protocol;

/// <summary>Whose a workspace is. Decides what survives a stop and what IT may see.</summary>
public enum WorkspaceKind
{
    /// <summary>Corporate: os reverts at every start; identity and user volumes are kept; IT may view it.</summary>
    Managed,

    /// <summary>The user's own: every volume is kept; no display, screenshot or file order is ever obeyed.</summary>
    Personal,

    /// <summary>Managed, and every volume is dropped at stop.</summary>
    Disposable,
}

/// <summary>What a volume is for; see docs/reference/files.md for where each lies on disk.</summary>
public enum VolumeRole
{
    /// <summary>The overlay over the read-only generation.</summary>
    Os,

    /// <summary>Machine secret, certificates; survives generations.</summary>
    Identity,

    /// <summary>Documents and settings; backed up.</summary>
    User,
}
