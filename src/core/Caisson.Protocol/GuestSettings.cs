namespace Caisson.Protocol;

/// <summary>What a workspace's guest is, and what it is told of itself.</summary>
public sealed record GuestSettings
{
    public GuestOs Os { get; init; }

    /// <summary>UEFI starts only what Microsoft's keys signed, as a new PC does.</summary>
    public bool SecureBoot { get; init; }

    /// <summary>
    /// Host name of each clone, made of text and {image}, {workspace}, {pc} and {n} (eight letters and digits of this clone alone). Null: the guest is
    /// told nothing, and has no configuration drive.
    /// </summary>
    public string? HostName { get; init; }
}

public enum GuestOs
{
    Linux,

    /// <summary>Not exercised on Windows: what QEMU is told is compared with golden files.</summary>
    Windows,
}
