using System.Buffers.Binary;
using Caisson.Chunks;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

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
