using System.Buffers.Binary;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// Our own bounded look at a foreign disk image, before any tool sees it: what format it is, how large its disk, and that it refers to no
/// other file. Formats: QEMU docs/interop/qcow2.txt; VMware "Virtual Disk Format 5.0"; Microsoft [MS-VHDX].
/// </summary>
internal static class ForeignHeader
{
    private const int HeadBytes = 64 * 1024;

    /// <summary>The format the file's first bytes say; null if they say none of the four.</summary>
    public static ImageFormat? Detect(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith(Qcow2Header.Magic))
        {
            return ImageFormat.Qcow2;
        }

        if (head.StartsWith("KDMV"u8) || head.StartsWith("# Disk DescriptorFile"u8))
        {
            return ImageFormat.Vmdk;
        }

        if (head.StartsWith("vhdxfile"u8))
        {
            return ImageFormat.Vhdx;
        }

        return LooksLikeDisk(head) ? ImageFormat.Raw : null;
    }

    /// <summary>Checks a file against a format.</summary>
    /// <returns>Bytes of the disk in it.</returns>
    /// <exception cref="ImageStoreException">Bad input; the message says what is wrong and what to do.</exception>
    public static long Check(SafeFileHandle file, string name, ImageFormat format, CancellationToken cancellationToken = default)
    {
        var length = RandomAccess.GetLength(file);
        var head = new byte[Math.Min(HeadBytes, length)];
        RawFile.Read(file, 0, head);
        var size = format switch
        {
            ImageFormat.Raw => length,
            ImageFormat.Qcow2 => Qcow2Header.Check(file, head, length, name, cancellationToken),
            ImageFormat.Vmdk => VmdkHeader.Check(file, head, length, name, cancellationToken),
            ImageFormat.Vhdx => VhdxHeader.Check(file, head, length, name),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        return size is > 0 and <= Limits.MaxImageBytes ? size : throw Refuse(name, $"says its disk has {size} bytes; Caisson takes 1 byte to 64 TiB");
    }

    public static ImageStoreException Refuse(string name, string why) =>
        new(ImageStoreError.BadInput, $"{name} cannot be imported: it {why}. Nothing was changed.");

    /// <summary>A disk begins with a boot sector or a file system; anything else must be named as raw by who knows.</summary>
    private static bool LooksLikeDisk(ReadOnlySpan<byte> head)
    {
        var hasBootSector = head.Length >= 512 && head[510] == 0x55 && head[511] == 0xAA;
        var hasExt = head.Length >= 1082 && head[1080] == 0x53 && head[1081] == 0xEF;
        var hasXfs = head.StartsWith("XFSB"u8);
        return hasBootSector || hasExt || hasXfs;
    }
}

/// <summary>qcow2, versions 2 and 3.</summary>
internal static class Qcow2Header
{
    private const ulong DataFileFeature = 4;
    private const ulong KnownFeatures = 0b01111;

    /// <summary>"QFI" and 0xfb.</summary>
    public static ReadOnlySpan<byte> Magic => [0x51, 0x46, 0x49, 0xfb];

    public static long Check(SafeFileHandle file, ReadOnlySpan<byte> head, long length, string name, CancellationToken cancellationToken)
    {
        if (head.Length < 72 || !head.StartsWith(Magic))
        {
            throw ForeignHeader.Refuse(name, "is not a qcow2 image or is cut short");
        }

        var version = BinaryPrimitives.ReadUInt32BigEndian(head[4..]);
        var isBacked = BinaryPrimitives.ReadUInt64BigEndian(head[8..]) != 0 || BinaryPrimitives.ReadUInt32BigEndian(head[16..]) != 0;
        var clusterBits = BinaryPrimitives.ReadUInt32BigEndian(head[20..]);
        var size = BinaryPrimitives.ReadUInt64BigEndian(head[24..]);
        var (tableEntries, tableOffset) = (BinaryPrimitives.ReadUInt32BigEndian(head[36..]), BinaryPrimitives.ReadUInt64BigEndian(head[40..]));
        var isEncrypted = BinaryPrimitives.ReadUInt32BigEndian(head[32..]) != 0;
        if (version is not (2 or 3))
        {
            throw ForeignHeader.Refuse(name, $"is a qcow2 image of version {version}; versions 2 and 3 are known");
        }

        if (isBacked)
        {
            throw ForeignHeader.Refuse(name, "names a backing file. Flatten it first: qemu-img convert -O qcow2 IN OUT, on the machine that has both files");
        }

        if (isEncrypted)
        {
            throw ForeignHeader.Refuse(name, "is encrypted. Decrypt it first");
        }

        if (version == 3)
        {
            CheckFeatures(head, name);
        }

        if (clusterBits is < 9 or > 21 || size > Limits.MaxImageBytes || tableEntries > AllocationTables.MaxTableBytes / 8 || tableOffset > (ulong)length || tableOffset + ((ulong)tableEntries * 8) > (ulong)length)
        {
            throw ForeignHeader.Refuse(name, "is damaged or cut short: a number in its header is out of range");
        }

        return AllocationTables.AreInsideQcow2(file, length, (int)clusterBits, (long)size, (long)tableOffset, (int)tableEntries, cancellationToken)
            ? (long)size
            : throw ForeignHeader.Refuse(name, "is cut short: some of its data lie beyond its end");
    }

    private static void CheckFeatures(ReadOnlySpan<byte> head, string name)
    {
        if (head.Length < 104)
        {
            throw ForeignHeader.Refuse(name, "is cut short");
        }

        var features = BinaryPrimitives.ReadUInt64BigEndian(head[72..]);
        if ((features & DataFileFeature) != 0)
        {
            throw ForeignHeader.Refuse(name, "keeps its data in another file. Flatten it first: qemu-img convert -O qcow2 IN OUT");
        }

        if ((features & ~KnownFeatures) != 0)
        {
            throw ForeignHeader.Refuse(name, "needs a qcow2 feature this program does not know");
        }
    }
}
