using System.Text.Json.Serialization;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>Everything that decides what a workspace's machine looks like. A value: the same spec, paths and capabilities give the same command line.</summary>
public sealed record WorkspaceSpec
{
    public required WorkspaceId Id { get; init; }

    /// <summary>
    /// The SMBIOS UUID, and what the network address is made of: the same over every generation and start, and no other machine's anywhere.
    /// </summary>
    public required Guid MachineId { get; init; }

    /// <summary>What people read; also the window title and QEMU's guest name.</summary>
    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    public required int MemoryMiB { get; init; }

    public required int Cpus { get; init; }

    /// <summary>What the os volume lies over; null is a machine without an os disk (a direct kernel that needs none).</summary>
    public OsBase? OsBase { get; init; }

    /// <summary>
    /// Names the content of <see cref="OsBase"/> (the generation's manifest digest). A kept os volume is never put over another base:
    /// that would be silent corruption, so the start is refused. Null skips the check.
    /// </summary>
    public string? OsBaseId { get; init; }

    /// <summary>Size of the os volume in bytes, at least the size of its base.</summary>
    public long OsBytes { get; init; }

    /// <summary>Size of the user volume in bytes; 0 is none.</summary>
    public long UserVolumeBytes { get; init; }

    /// <summary>Gives the guest a TPM 2.0 of its own, kept with the identity volume.</summary>
    public bool Tpm { get; init; }

    public GuestOs Os { get; init; }

    /// <summary>What the clone is called; null: it is told nothing, and has no configuration drive.</summary>
    public string? HostName { get; init; }

    /// <summary>What the kernel keeps QEMU to; null follows the kind.</summary>
    public WorkspaceLimits? Limits { get; init; }

    public required Firmware Firmware { get; init; }

    public NetworkMode Network { get; init; } = NetworkMode.None;

    /// <summary>A framebuffer unless said otherwise, also in a record written before there was a choice: the JSON reader gives such a one null.</summary>
    public Graphics Graphics { get; init => field = value ?? new Graphics.Framebuffer(); } = new Graphics.Framebuffer();
}

/// <summary>The read-only bytes under the os volume: an NBD export of the self-filling image, or a complete raw file.</summary>
[JsonDerivedType(typeof(NbdBase), "nbd")]
[JsonDerivedType(typeof(RawBase), "raw")]
public abstract record OsBase
{
    private protected OsBase()
    {
    }
}

/// <summary>An export on a Unix socket. QEMU connects at start, so it must be listening then; later it may go away and come back.</summary>
public sealed record NbdBase(string SocketPath, string ExportName) : OsBase
{
    /// <summary>
    /// How long a read waits for a lost server before the machine is held (state WaitingForDisk). Long enough for a restart of the
    /// server; not longer, because QEMU answers neither stop nor quit while such a read waits.
    /// </summary>
    public int ReconnectDelaySeconds { get; init; } = 30;
}

public sealed record RawBase(string Path) : OsBase;

public enum NetworkMode
{
    None,

    /// <summary>QEMU's own user-mode network. It reaches the host's loopback, so it is for machines whose guest is trusted with that.</summary>
    User,
}
