using System.Buffers.Binary;
using System.Text;
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
    public static long Check(SafeFileHandle file, string name, ImageFormat format)
    {
        var length = RandomAccess.GetLength(file);
        var head = new byte[Math.Min(HeadBytes, length)];
        RawFile.Read(file, 0, head);
        var size = format switch
        {
            ImageFormat.Raw => length,
            ImageFormat.Qcow2 => Qcow2Header.Check(head, length, name),
            ImageFormat.Vmdk => VmdkHeader.Check(file, head, length, name),
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
    private const ulong KnownFeatures = 0b11111;

    /// <summary>"QFI" and 0xfb.</summary>
    public static ReadOnlySpan<byte> Magic => [0x51, 0x46, 0x49, 0xfb];

    public static long Check(ReadOnlySpan<byte> head, long length, string name)
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

        if (clusterBits is < 9 or > 21 || size > Limits.MaxImageBytes || tableOffset > (ulong)length || tableOffset + ((ulong)tableEntries * 8) > (ulong)length)
        {
            throw ForeignHeader.Refuse(name, "is damaged or cut short: a number in its header is out of range");
        }

        return (long)size;
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

/// <summary>vmdk: only a single sparse file that carries its own descriptor and data.</summary>
internal static class VmdkHeader
{
    private const int MaxDescriptorBytes = 64 * 1024;
    private const int SectorBytes = 512;
    private const ulong NoDirectory = ulong.MaxValue;

    public static long Check(SafeFileHandle file, ReadOnlySpan<byte> head, long length, string name)
    {
        if (head.StartsWith("# Disk DescriptorFile"u8))
        {
            throw ForeignHeader.Refuse(name, "is only a description and names extent files. Convert it to one file first: qemu-img convert -O vmdk -o subformat=monolithicSparse IN OUT");
        }

        if (head.Length < SectorBytes || !head.StartsWith("KDMV"u8))
        {
            throw ForeignHeader.Refuse(name, "is not a vmdk image or is cut short");
        }

        var version = BinaryPrimitives.ReadUInt32LittleEndian(head[4..]);
        var sectors = BinaryPrimitives.ReadUInt64LittleEndian(head[12..]);
        var (at, count) = (BinaryPrimitives.ReadUInt64LittleEndian(head[28..]), BinaryPrimitives.ReadUInt64LittleEndian(head[36..]));
        var directory = BinaryPrimitives.ReadUInt64LittleEndian(head[56..]);
        var fileSectors = (ulong)length / SectorBytes;
        if (version is < 1 or > 3 || sectors > Limits.MaxImageBytes / SectorBytes || (directory != NoDirectory && directory > fileSectors))
        {
            throw ForeignHeader.Refuse(name, "is damaged or cut short: a number in its header is out of range");
        }

        if (at == 0 || count == 0 || at > fileSectors || count > MaxDescriptorBytes / SectorBytes || at + count > fileSectors)
        {
            throw ForeignHeader.Refuse(name, "has no description of its own, so it is part of a larger image or cut short");
        }

        var descriptor = new byte[count * SectorBytes];
        RawFile.Read(file, (long)at * SectorBytes, descriptor);
        CheckDescriptor(Encoding.Latin1.GetString(descriptor).TrimEnd('\0'), name);
        return (long)sectors * SectorBytes;
    }

    private static void CheckDescriptor(string text, string name)
    {
        var extents = 0;
        foreach (var line in text.Split('\n').Select(line => line.Trim()))
        {
            var hasParent = line.StartsWith("parentFileNameHint", StringComparison.OrdinalIgnoreCase)
                || (line.StartsWith("parentCID", StringComparison.OrdinalIgnoreCase) && !line.EndsWith("ffffffff", StringComparison.OrdinalIgnoreCase));
            if (hasParent)
            {
                throw ForeignHeader.Refuse(name, "names a parent image. Consolidate its snapshots first");
            }

            if (line.StartsWith("RW ", StringComparison.OrdinalIgnoreCase) || line.StartsWith("RDONLY ", StringComparison.OrdinalIgnoreCase) || line.StartsWith("NOACCESS ", StringComparison.OrdinalIgnoreCase))
            {
                extents++;
                if (line.Split(' ', 4) is not [_, _, "SPARSE", var path] || path.Contains('/', StringComparison.Ordinal) || path.Contains(':', StringComparison.Ordinal))
                {
                    throw ForeignHeader.Refuse(name, "names an extent file. Convert it to one file first: qemu-img convert -O vmdk -o subformat=monolithicSparse IN OUT");
                }
            }
        }

        if (extents != 1)
        {
            throw ForeignHeader.Refuse(name, $"names {extents} extents; only an image in one file can be imported");
        }
    }
}

/// <summary>vhdx: the metadata region says size and whether there is a parent.</summary>
internal static class VhdxHeader
{
    private const int RegionTableOffset = 192 * 1024;
    private const int MetadataTableBytes = 64 * 1024;
    private const uint HasParentFlag = 2;

    private static readonly Guid MetadataRegion = new("8b7ca206-4790-4b9a-b8fe-575f050f886e");
    private static readonly Guid FileParameters = new("caa16737-fa36-4d43-b3b6-33f0aa44e76b");
    private static readonly Guid DiskSize = new("2fa54224-cd1b-4876-b211-5dbed83bf4b8");

    public static long Check(SafeFileHandle file, ReadOnlySpan<byte> head, long length, string name)
    {
        if (length < 1024 * 1024 || !head.StartsWith("vhdxfile"u8))
        {
            throw ForeignHeader.Refuse(name, "is not a vhdx image or is cut short");
        }

        var regions = new byte[MetadataTableBytes];
        RawFile.Read(file, RegionTableOffset, regions);
        if (!regions.AsSpan().StartsWith("regi"u8) || FindEntry(regions.AsSpan(16), 32, MetadataRegion, BinaryPrimitives.ReadUInt32LittleEndian(regions.AsSpan(8))) is not { } region)
        {
            throw ForeignHeader.Refuse(name, "is damaged: it has no table of regions");
        }

        var (offset, bytes) = (BinaryPrimitives.ReadUInt64LittleEndian(region.AsSpan(16)), BinaryPrimitives.ReadUInt32LittleEndian(region.AsSpan(24)));
        if (bytes < MetadataTableBytes || offset > (ulong)length || offset + bytes > (ulong)length)
        {
            throw ForeignHeader.Refuse(name, "is damaged or cut short: its metadata lie outside the file");
        }

        return CheckMetadata(file, (long)offset, bytes, name);
    }

    private static long CheckMetadata(SafeFileHandle file, long offset, uint bytes, string name)
    {
        var table = new byte[MetadataTableBytes];
        RawFile.Read(file, offset, table);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(10));
        var parameters = table.AsSpan().StartsWith("metadata"u8) ? FindEntry(table.AsSpan(32), 32, FileParameters, count) : null;
        var size = parameters is null ? null : FindEntry(table.AsSpan(32), 32, DiskSize, count);
        if (parameters is null || size is null)
        {
            throw ForeignHeader.Refuse(name, "is damaged: it does not say its size");
        }

        Span<byte> value = stackalloc byte[8];
        ReadItem(file, offset, bytes, parameters, value, name);
        if ((BinaryPrimitives.ReadUInt32LittleEndian(value[4..]) & HasParentFlag) != 0)
        {
            throw ForeignHeader.Refuse(name, "names a parent image. Merge it with its parent first");
        }

        ReadItem(file, offset, bytes, size, value, name);
        var disk = BinaryPrimitives.ReadUInt64LittleEndian(value);
        return disk <= Limits.MaxImageBytes ? (long)disk : throw ForeignHeader.Refuse(name, "says a size that is out of range");
    }

    private static void ReadItem(SafeFileHandle file, long region, uint regionBytes, ReadOnlySpan<byte> entry, Span<byte> value, string name)
    {
        var at = BinaryPrimitives.ReadUInt32LittleEndian(entry[16..]);
        if (at < MetadataTableBytes || at > regionBytes - value.Length)
        {
            throw ForeignHeader.Refuse(name, "is damaged: its metadata lie outside their region");
        }

        RawFile.Read(file, region + at, value);
    }

    private static byte[]? FindEntry(ReadOnlySpan<byte> entries, int entryBytes, Guid id, uint count)
    {
        for (var i = 0; i < Math.Min(count, entries.Length / entryBytes); i++)
        {
            var entry = entries.Slice(i * entryBytes, entryBytes);
            if (new Guid(entry[..16]) == id)
            {
                return entry.ToArray();
            }
        }

        return null;
    }
}
