namespace Caisson.FileSystems.Ext;

/// <summary>
/// The numbers an ext file system is laid out by (Documentation/filesystems/ext4 in the kernel: super.rst). Everything derived from an
/// instance stays in range: every field is checked here, against the others and against the disk.
/// </summary>
internal sealed class ExtSuperblock
{
    public const int Offset = 1024;
    public const int Length = 1024;
    private const int CleanlyUnmounted = 1;
    private const int HasErrors = 2;

    private ExtSuperblock(ReadOnlySpan<byte> bytes)
    {
        IsOldRevision = bytes.U32(76) == 0;
        Incompatible = IsOldRevision ? IncompatibleFeatures.None : (IncompatibleFeatures)bytes.U32(96);
        ReadOnly = IsOldRevision ? ReadOnlyFeatures.None : (ReadOnlyFeatures)bytes.U32(100);
        Compatible = IsOldRevision ? CompatibleFeatures.None : (CompatibleFeatures)bytes.U32(92);
        Inodes = bytes.U32(0);
        Blocks = (long)(bytes.U32(4) | (Has(IncompatibleFeatures.Is64Bit) ? (ulong)(bytes.U32(336) & 0x7fffffff) << 32 : 0));
        FirstBlock = bytes.U32(20);
        BlockShift = (int)Math.Min(bytes.U32(24), 100) + 10;
        BlocksPerGroup = bytes.U32(32);
        ClustersPerGroup = bytes.U32(36);
        InodesPerGroup = bytes.U32(40);
        State = bytes.U16(58);
        InodeBytes = IsOldRevision ? 128 : bytes.U16(88);
        ReservedDescriptorBlocks = bytes.U16(206);
        LastOrphan = bytes.U32(232);
        DescriptorBytes = Has(IncompatibleFeatures.Is64Bit) ? bytes.U16(254) : 32;
        FirstMetaGroup = bytes.U32(260);
        BackupGroups = (bytes.U32(588), bytes.U32(592));
        ChecksumSeed = Has(IncompatibleFeatures.ChecksumSeed) ? bytes.U32(624) : Checksums.Crc32C(uint.MaxValue, bytes.Slice(104, 16));
    }

    public bool IsOldRevision { get; }

    public IncompatibleFeatures Incompatible { get; }

    public ReadOnlyFeatures ReadOnly { get; }

    public CompatibleFeatures Compatible { get; }

    public uint Inodes { get; }

    public long Blocks { get; }

    /// <summary>Block of the first group's beginning: 1 where blocks are 1 KiB, else 0.</summary>
    public uint FirstBlock { get; }

    public int BlockShift { get; }

    public int BlockBytes => 1 << BlockShift;

    public uint BlocksPerGroup { get; }

    public uint ClustersPerGroup { get; }

    public uint InodesPerGroup { get; }

    public int State { get; }

    public int InodeBytes { get; }

    /// <summary>Blocks kept free after the descriptors, for growing.</summary>
    public int ReservedDescriptorBlocks { get; }

    public uint LastOrphan { get; }

    public int DescriptorBytes { get; }

    public uint FirstMetaGroup { get; }

    /// <summary>With sparse_super2: the two groups that have a copy of the superblock.</summary>
    public (uint First, uint Second) BackupGroups { get; }

    public uint ChecksumSeed { get; }

    public int Groups => (int)((Blocks - FirstBlock + BlocksPerGroup - 1) / BlocksPerGroup);

    public int DescriptorsPerBlock => BlockBytes / DescriptorBytes;

    public bool HasClusters => ReadOnly.HasFlag(ReadOnlyFeatures.Clusters);

    /// <summary>A sentence; null if the file system was cleanly unmounted.</summary>
    public string? Unclean => this switch
    {
        _ when Has(IncompatibleFeatures.NeedsRecovery) => "It was not cleanly unmounted: its journal still holds changes.",
        { State: var state } when (state & CleanlyUnmounted) == 0 => "It was not cleanly unmounted.",
        { State: var state } when (state & HasErrors) != 0 => "It knows of errors in itself; e2fsck has not mended them.",
        _ when LastOrphan != 0 || ReadOnly.HasFlag(ReadOnlyFeatures.OrphansPresent) => "It was not cleanly unmounted: deleted files are still to be cleared away.",
        _ => null,
    };

    public bool Has(IncompatibleFeatures feature) => Incompatible.HasFlag(feature);

    /// <exception cref="FileSystemException">Damaged, too large or not supported.</exception>
    public static ExtSuperblock Read(IReadableDisk disk)
    {
        var bytes = new byte[Length];
        disk.ReadInside(Offset, bytes, "The superblock");
        if (bytes.U16(56) != 0xef53)
        {
            throw FileSystemException.Damaged("It has no ext superblock.");
        }

        var super = new ExtSuperblock(bytes);
        super.Check(disk, bytes);
        return super;
    }

    /// <summary>Block a group begins with.</summary>
    public long FirstBlockOf(int group) => FirstBlock + ((long)group * BlocksPerGroup);

    public long BlocksIn(int group) => Math.Min(BlocksPerGroup, Blocks - FirstBlockOf(group));

    /// <summary>Whether a group begins with a copy of the superblock (and of the descriptors).</summary>
    public bool HasSuperblock(int group)
    {
        if (group == 0)
        {
            return true;
        }

        if (Compatible.HasFlag(CompatibleFeatures.SparseSuperblocks2))
        {
            return group == BackupGroups.First || group == BackupGroups.Second;
        }

        return !ReadOnly.HasFlag(ReadOnlyFeatures.SparseSuperblocks) || group == 1 || IsPower(group, 3) || IsPower(group, 5) || IsPower(group, 7);
    }

    private static bool IsPower(int value, int of)
    {
        while (value > 1 && value % of == 0)
        {
            value /= of;
        }

        return value == 1;
    }

    private void Check(IReadableDisk disk, ReadOnlySpan<byte> bytes)
    {
        var unknown = Incompatible & ~IncompatibleFeatures.Known;
        if (unknown != IncompatibleFeatures.None)
        {
            throw FileSystemException.NotSupported($"Its ext file system uses features that are not read here ({(uint)unknown:x}).");
        }

        if (ReadOnly.HasFlag(ReadOnlyFeatures.MetadataChecksums) && Checksums.Crc32C(uint.MaxValue, bytes[..1020]) != bytes.U32(1020))
        {
            throw FileSystemException.Damaged("The superblock's checksum is wrong.");
        }

        Demand(BlockShift <= 16, "block size");
        Demand(FirstBlock <= 1 && FirstBlock < Blocks, "first block");
        Demand(Blocks <= disk.Bytes >> BlockShift, "number of blocks, more than the disk has");
        Demand(ClustersPerGroup > 0 && ClustersPerGroup <= 8u * (uint)BlockBytes, "clusters of a group");
        Demand(BlocksPerGroup >= ClustersPerGroup && BlocksPerGroup % 8 == 0 && (HasClusters ? BlocksPerGroup % ClustersPerGroup == 0 : BlocksPerGroup <= 8u * (uint)BlockBytes), "blocks of a group");
        Demand(InodesPerGroup > 0 && InodesPerGroup <= 8u * (uint)BlockBytes, "inodes of a group");
        Demand(InodeBytes >= 128 && InodeBytes <= BlockBytes && int.IsPow2(InodeBytes), "inode size");
        Demand(DescriptorBytes >= 32 && DescriptorBytes <= BlockBytes && int.IsPow2(DescriptorBytes), "descriptor size");
        if ((Blocks - FirstBlock + BlocksPerGroup - 1) / BlocksPerGroup > ReadLimits.MaxGroups)
        {
            throw FileSystemException.TooLarge($"Its file system has more than {ReadLimits.MaxGroups} block groups.");
        }

        Demand(Inodes == (long)Groups * InodesPerGroup, "number of inodes");
        Demand(!Has(IncompatibleFeatures.MetaBlockGroups) || FirstMetaGroup <= (Groups + DescriptorsPerBlock - 1) / DescriptorsPerBlock, "first meta group");
    }

    private static void Demand(bool holds, string what)
    {
        if (!holds)
        {
            throw FileSystemException.Damaged($"The superblock has an impossible {what}.");
        }
    }
}
