namespace Caisson.FileSystems.Fat;

/// <summary>The numbers a FAT file system is laid out by (Microsoft, "FAT: General Overview of On-Disk Format" 1.03). Everything is checked against the disk.</summary>
internal sealed class FatLayout
{
    private const int DirectoryEntryBytes = 32;
    private const int MaxFat12Clusters = 4084;
    private const int MaxFat16Clusters = 65524;
    private const int MaxFat32Clusters = 0x0ffffff5;

    private FatLayout(ReadOnlySpan<byte> boot)
    {
        SectorBytes = boot.U16(11);
        ClusterBytes = SectorBytes * boot[13];
        TableOffset = (long)boot.U16(14) * SectorBytes;
        Tables = boot[16];
        RootEntries = boot.U16(17);
        Sectors = boot.U16(19) is not 0 and var few ? few : boot.U32(32);
        TableBytes = (boot.U16(22) is not 0 and var small ? small : boot.U32(36)) * SectorBytes;
        RootOffset = TableOffset + (Tables * TableBytes);
        DataOffset = RootOffset + ((((long)RootEntries * DirectoryEntryBytes) + SectorBytes - 1) / SectorBytes * SectorBytes);
        Clusters = ClusterBytes > 0 ? ((Sectors * SectorBytes) - DataOffset) / ClusterBytes : 0;
        Bits = Clusters <= MaxFat12Clusters ? 12 : Clusters <= MaxFat16Clusters ? 16 : 32;
        RootCluster = Bits == 32 ? boot.U32(44) & 0x0fffffff : 0;
    }

    public int SectorBytes { get; }

    public int ClusterBytes { get; }

    public long Sectors { get; }

    public long TableOffset { get; }

    public int Tables { get; }

    public long TableBytes { get; }

    /// <summary>Of the root directory's fixed place; FAT12 and FAT16 only.</summary>
    public long RootOffset { get; }

    public int RootEntries { get; }

    /// <summary>FAT32: the root is a chain like any other directory.</summary>
    public uint RootCluster { get; }

    public long DataOffset { get; }

    /// <summary>Numbered from 2.</summary>
    public long Clusters { get; }

    /// <summary>12, 16 or 32 in a table's entry.</summary>
    public int Bits { get; }

    /// <summary>Whether a first sector looks like FAT's: the fields that cannot be otherwise.</summary>
    public static bool IsLikely(ReadOnlySpan<byte> head) =>
        head[510] == 0x55 && head[511] == 0xaa && head[0] is 0xeb or 0xe9
        && head.U16(11) is 512 or 1024 or 2048 or 4096 && head[13] != 0 && byte.IsPow2(head[13])
        && head.U16(14) != 0 && head[16] is 1 or 2 && (head[21] >= 0xf8 || head[21] == 0xf0);

    /// <exception cref="FileSystemException">Damaged.</exception>
    public static FatLayout Read(IReadableDisk disk)
    {
        var boot = new byte[512];
        disk.ReadInside(0, boot, "The boot sector");
        if (!IsLikely(boot))
        {
            throw FileSystemException.Damaged("It has no FAT boot sector.");
        }

        var layout = new FatLayout(boot);
        if (layout.Clusters <= 0 || layout.Clusters > MaxFat32Clusters || layout.Sectors * layout.SectorBytes > disk.Bytes
            || layout.TableBytes < ((layout.Clusters + 2) * layout.Bits) / 8 || (layout.Bits == 32) != (layout.RootEntries == 0))
        {
            throw FileSystemException.Damaged("The FAT boot sector's numbers contradict each other or the size of the disk.");
        }

        return layout;
    }

    public bool IsCluster(uint cluster) => cluster >= 2 && cluster < Clusters + 2;

    public long OffsetOf(uint cluster) => DataOffset + ((cluster - 2L) * ClusterBytes);
}
