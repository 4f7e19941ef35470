namespace Caisson.Protocol.Api;

public enum ComparisonState
{
    /// <summary>It is being made; ask again.</summary>
    Pending,

    Ready,

    /// <summary>It could not be made; <see cref="GenerationComparison.Problem"/> says why.</summary>
    Failed,
}

/// <summary>GET /api/images/changes?from=NAME@N&amp;to=NAME@N: what one generation changed over another.</summary>
public sealed record GenerationComparison
{
    /// <summary>As NAME@NUMBER.</summary>
    public required string From { get; init; }

    public required string To { get; init; }

    public required ComparisonState State { get; init; }

    /// <summary>There when <see cref="State"/> is ready.</summary>
    public ImageChanges? Changes { get; init; }

    public string? Problem { get; init; }
}

/// <summary>What a person wants to know of the difference between two disks. A part that could not be looked into is null, and <see cref="NotLookedInto"/> says why.</summary>
public sealed record ImageChanges
{
    /// <summary>One sentence that says it all.</summary>
    public required string Summary { get; init; }

    public PackageChanges? Packages { get; init; }

    public ServiceChanges? Services { get; init; }

    public AccountChanges? Accounts { get; init; }

    public FileChanges? Files { get; init; }

    /// <summary>Kernels the system has (folders of /usr/lib/modules), if they differ.</summary>
    public KernelChange? Kernel { get; init; }

    /// <summary>Files of the boot partition that differ.</summary>
    public IReadOnlyList<FileChange> Boot { get; init; } = [];

    public required DiskSizes Disk { get; init; }

    /// <summary>Sentences about partitions and databases that were not read.</summary>
    public IReadOnlyList<string> NotLookedInto { get; init; } = [];
}

/// <summary>Bytes of the whole disks, of what a PC without any image fetches, and of the places where the disks differ.</summary>
public sealed record DiskSizes(long FromBytes, long ToBytes, long FromStoredBytes, long ToStoredBytes, long DifferentBytes);

public sealed record PackageChanges(IReadOnlyList<PackageChange> Upgraded, IReadOnlyList<PackageChange> Downgraded, IReadOnlyList<PackageChange> Added, IReadOnlyList<PackageChange> Removed)
{
    /// <summary>Packages whose version or presence is another.</summary>
    public int Count => Upgraded.Count + Downgraded.Count + Added.Count + Removed.Count;
}

/// <param name="From">Null: it was not there.</param>
/// <param name="To">Null: it is not there any more.</param>
/// <param name="IsAutomatic">Nobody asked for it: it came because another needs it. Such stand behind the others.</param>
public sealed record PackageChange(string Name, string? From = null, string? To = null, bool IsAutomatic = false);

/// <summary>Units systemd starts (links in *.wants and *.requires below /etc), and those nothing may start (masked).</summary>
public sealed record ServiceChanges(IReadOnlyList<string> Enabled, IReadOnlyList<string> Disabled, IReadOnlyList<string> Masked, IReadOnlyList<string> Unmasked)
{
    public int Count => Enabled.Count + Disabled.Count + Masked.Count + Unmasked.Count;
}

/// <summary>Of /etc/passwd and /etc/group. Passwords are not looked at.</summary>
/// <param name="Changed">A sentence each, for example "user joined the group sudo".</param>
public sealed record AccountChanges(IReadOnlyList<string> Added, IReadOnlyList<string> Removed, IReadOnlyList<string> GroupsAdded, IReadOnlyList<string> GroupsRemoved, IReadOnlyList<string> Changed)
{
    public int Count => Added.Count + Removed.Count + GroupsAdded.Count + GroupsRemoved.Count + Changed.Count;
}

/// <summary>Files of the system's partitions, directories not counted.</summary>
/// <param name="Changed">Other content or another target.</param>
/// <param name="Permissions">Same content, other owner or permissions.</param>
/// <param name="Bytes">Bytes of the added and changed files, as they are now.</param>
/// <param name="Areas">By first folder, the one with most bytes first.</param>
/// <param name="Largest">The largest files that were added, changed or removed.</param>
public sealed record FileChanges(int Added, int Removed, int Changed, int Permissions, long Bytes, IReadOnlyList<AreaChange> Areas, IReadOnlyList<FileChange> Largest);

/// <param name="Path">For example /usr.</param>
public sealed record AreaChange(string Path, int Added, int Removed, int Changed, long Bytes);

public enum FileChangeKind
{
    Added,
    Removed,
    Changed,
}

public sealed record FileChange(string Path, FileChangeKind Change, long FromBytes, long ToBytes);

public sealed record KernelChange(IReadOnlyList<string> From, IReadOnlyList<string> To);
