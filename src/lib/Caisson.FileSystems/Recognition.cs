namespace Caisson.FileSystems;

/// <summary>What a partition holds, as far as its first bytes say.</summary>
public enum FileSystemKind
{
    Unknown,

    /// <summary>ext2, ext3 or ext4: read.</summary>
    Ext,

    /// <summary>FAT12, FAT16 or FAT32: read.</summary>
    Fat,

    /// <summary>Linux swap space; nothing of it outlives a start.</summary>
    Swap,

    /// <summary>Linux swap space that holds a hibernated system.</summary>
    Hibernated,

    Xfs,
    Btrfs,
    Ntfs,
    ExFat,
    BitLocker,
    Squashfs,
    Iso9660,
    Luks,
    Lvm,
}

/// <summary>Tells file systems apart by their signatures.</summary>
public static class Recognition
{
    private const int HeadBytes = 68 * 1024;

    private static readonly (int At, byte[] Signature, FileSystemKind Kind)[] s_signatures =
    [
        (0, [.. "XFSB"u8], FileSystemKind.Xfs),
        (0, [.. "LUKS"u8, 0xba, 0xbe], FileSystemKind.Luks),
        (0, [.. "hsqs"u8], FileSystemKind.Squashfs),
        (3, [.. "NTFS    "u8], FileSystemKind.Ntfs),
        (3, [.. "EXFAT   "u8], FileSystemKind.ExFat),
        (3, [.. "-FVE-FS-"u8], FileSystemKind.BitLocker),
        (512, [.. "LABELONE"u8], FileSystemKind.Lvm),
        (1080, [0x53, 0xef], FileSystemKind.Ext),
        (4086, [.. "SWAPSPACE2"u8], FileSystemKind.Swap),
        (4086, [.. "S1SUSPEND"u8], FileSystemKind.Hibernated),
        (4086, [.. "S2SUSPEND"u8], FileSystemKind.Hibernated),
        (4086, [.. "ULSUSPEND"u8], FileSystemKind.Hibernated),
        (4086, [.. "LINHIB0001"u8], FileSystemKind.Hibernated),
        (32769, [.. "CD001"u8], FileSystemKind.Iso9660),
        (0x10040, [.. "_BHRfS_M"u8], FileSystemKind.Btrfs),
    ];

    public static FileSystemKind Of(IReadableDisk disk)
    {
        var head = new byte[HeadBytes];
        disk.ReadUpTo(0, head);
        foreach (var (at, signature, kind) in s_signatures)
        {
            if (head.AsSpan(at).StartsWith(signature))
            {
                return kind;
            }
        }

        return Fat.FatLayout.IsLikely(head) ? FileSystemKind.Fat : FileSystemKind.Unknown;
    }

    /// <summary>As a sentence calls it.</summary>
    public static string NameOf(FileSystemKind kind) => kind switch
    {
        FileSystemKind.Ext => "ext4",
        FileSystemKind.Fat => "FAT",
        FileSystemKind.Swap => "swap space",
        FileSystemKind.Hibernated => "a hibernated system",
        FileSystemKind.Xfs => "XFS",
        FileSystemKind.Ntfs => "NTFS",
        FileSystemKind.ExFat => "exFAT",
        FileSystemKind.BitLocker => "a BitLocker volume",
        FileSystemKind.Iso9660 => "an ISO 9660 file system",
        FileSystemKind.Luks => "a LUKS volume",
        FileSystemKind.Lvm => "LVM volumes",
        FileSystemKind.Btrfs => "btrfs",
        FileSystemKind.Squashfs => "squashfs",
        _ => "what is not known",
    };
}
