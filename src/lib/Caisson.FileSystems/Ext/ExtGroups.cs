using System.Runtime.InteropServices;

namespace Caisson.FileSystems.Ext;

/// <summary>One block group: where its bitmaps and its inodes lie, in blocks of the file system; each inside it.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ExtGroup(long BlockBitmap, long InodeBitmap, long InodeTable, uint FreeBlocks, int Flags, uint BlockBitmapChecksum)
{
    private const int BlocksUninitialised = 2;

    /// <summary>The block bitmap was never written: only what every group has is used.</summary>
    public bool HasNoBlockBitmap => (Flags & BlocksUninitialised) != 0;
}

/// <summary>The group descriptors (kernel: group_descr.rst), in one piece after the superblock or one block in each meta group.</summary>
internal static class ExtGroups
{
    /// <exception cref="FileSystemException">Damaged.</exception>
    public static ExtGroup[] Read(IReadableDisk disk, ExtSuperblock super)
    {
        var groups = new ExtGroup[super.Groups];
        var block = new byte[super.BlockBytes];
        for (var first = 0; first < groups.Length; first += super.DescriptorsPerBlock)
        {
            disk.ReadInside(BlockOf(super, first / super.DescriptorsPerBlock) << super.BlockShift, block, "A block of group descriptors");
            for (var i = 0; i < super.DescriptorsPerBlock && first + i < groups.Length; i++)
            {
                groups[first + i] = Parse(super, first + i, block.AsSpan(i * super.DescriptorBytes, super.DescriptorBytes));
            }
        }

        return groups;
    }

    /// <summary>The block that holds the descriptors of meta group <paramref name="number"/>.</summary>
    public static long BlockOf(ExtSuperblock super, int number)
    {
        if (!super.Has(IncompatibleFeatures.MetaBlockGroups) || number < super.FirstMetaGroup)
        {
            return super.FirstBlock + 1 + number;
        }

        var group = number * super.DescriptorsPerBlock;
        return super.FirstBlockOf(group) + (super.HasSuperblock(group) ? 1 : 0);
    }

    private static ExtGroup Parse(ExtSuperblock super, int number, ReadOnlySpan<byte> bytes)
    {
        CheckSum(super, number, bytes);
        var wide = bytes.Length >= 64;
        long Wide(int low, int high, ReadOnlySpan<byte> from) => from.U32(low) | (wide ? (long)from.U32(high) << 32 : 0);
        var group = new ExtGroup(
            Wide(0, 32, bytes),
            Wide(4, 36, bytes),
            Wide(8, 40, bytes),
            bytes.U16(12) | (wide ? (uint)bytes.U16(44) << 16 : 0),
            bytes.U16(18),
            bytes.U16(24) | (wide ? (uint)bytes.U16(56) << 16 : 0));
        var tableBlocks = ((long)super.InodesPerGroup * super.InodeBytes) + super.BlockBytes - 1 >> super.BlockShift;
        if (!IsInside(super, group.BlockBitmap, 1) || !IsInside(super, group.InodeBitmap, 1) || !IsInside(super, group.InodeTable, tableBlocks))
        {
            throw FileSystemException.Damaged($"Block group {number} has its tables outside the file system.");
        }

        return group;
    }

    private static void CheckSum(ExtSuperblock super, int number, ReadOnlySpan<byte> bytes)
    {
        if (!super.ReadOnly.HasFlag(ReadOnlyFeatures.MetadataChecksums))
        {
            return;
        }

        var copy = bytes.ToArray();
        copy.AsSpan(30, 2).Clear();
        var crc = Checksums.Crc32C(Checksums.Crc32C(super.ChecksumSeed, BitConverter.GetBytes(number)), copy);
        if ((ushort)crc != bytes.U16(30))
        {
            throw FileSystemException.Damaged($"The checksum of block group {number} is wrong.");
        }
    }

    private static bool IsInside(ExtSuperblock super, long block, long count) => block >= super.FirstBlock && block <= super.Blocks - count;
}
