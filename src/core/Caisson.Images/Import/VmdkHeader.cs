using System.Buffers.Binary;
using System.Text;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>vmdk: only a single sparse file that carries its own descriptor and data.</summary>
internal static class VmdkHeader
{
    private const int MaxDescriptorBytes = 64 * 1024;
    private const int SectorBytes = 512;
    private const ulong NoDirectory = ulong.MaxValue;

    public static long Check(SafeFileHandle file, ReadOnlySpan<byte> head, long length, string name, CancellationToken cancellationToken)
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
        CheckTables(file, head, length, name, cancellationToken);
        return (long)sectors * SectorBytes;
    }

    /// <summary>A stream-optimized image says where its tables are only in a second header, 1024 bytes before its end.</summary>
    private static void CheckTables(SafeFileHandle file, ReadOnlySpan<byte> head, long length, string name, CancellationToken cancellationToken)
    {
        const int footerBytes = 1024;
        Span<byte> footer = stackalloc byte[SectorBytes];
        var isStream = BinaryPrimitives.ReadUInt64LittleEndian(head[56..]) == NoDirectory;
        if (isStream)
        {
            RawFile.Read(file, Math.Max(0, length - footerBytes), footer);
        }

        var header = isStream ? footer : head;
        var (sectors, grain) = (BinaryPrimitives.ReadUInt64LittleEndian(header[12..]), BinaryPrimitives.ReadUInt64LittleEndian(header[20..]));
        var (entries, directory) = (BinaryPrimitives.ReadUInt32LittleEndian(header[44..]), BinaryPrimitives.ReadUInt64LittleEndian(header[56..]));
        var isCompressed = (BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) & 0x10000) != 0;
        if (!header.StartsWith("KDMV"u8) || grain is < 1 or > 4096 || entries is < 1 or > 4096 || directory > (ulong)(length / SectorBytes) || sectors > Limits.MaxImageBytes / SectorBytes
            || !AllocationTables.AreInsideVmdk(file, length, (long)sectors, (long)grain, (int)entries, (long)directory, isCompressed, cancellationToken))
        {
            throw ForeignHeader.Refuse(name, "is damaged or cut short: some of its data or tables lie beyond its end");
        }
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
