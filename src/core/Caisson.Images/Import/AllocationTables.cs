using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// Walks the tables that say where a foreign image keeps its data. QEMU reads what lies beyond the end of a file as zeros, so an image that
/// was cut short would come in with holes instead of data; here every place must be inside the file. Vhdx needs none: QEMU checks its table itself.
/// </summary>
internal static class AllocationTables
{
    /// <summary>The largest first table a format is read with; QEMU's own limit for qcow2. A file may be sparse, so its length bounds nothing.</summary>
    public const int MaxTableBytes = 32 << 20;

    private const ulong OffsetMask = 0x00fffffffffffe00;
    private const ulong Compressed = 1UL << 62;
    private const int SectorBytes = 512;
    private const uint ZeroGrain = 1;

    /// <param name="clusterBits">Checked before: 9 to 21.</param>
    /// <returns>False: some data lie outside the file.</returns>
    /// <exception cref="EndOfStreamException">A table does.</exception>
    public static bool AreInsideQcow2(SafeFileHandle file, long length, int clusterBits, long diskBytes, long tableOffset, int tableEntries, CancellationToken cancellationToken)
    {
        var cluster = 1 << clusterBits;
        var directory = ReadTable(file, tableOffset, tableEntries * 8L);
        var table = new byte[cluster];

        // Entries beyond the disk's end are read by nobody; a header may claim millions.
        var tables = Math.Min(tableEntries, (diskBytes + (cluster / 8L * cluster) - 1) / (cluster / 8L * cluster));
        for (var i = 0; i < tables; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var tableAt = BinaryPrimitives.ReadUInt64BigEndian(directory.AsSpan(i * 8)) & OffsetMask;
            if (tableAt == 0)
            {
                continue;
            }

            if (tableAt > (ulong)length)
            {
                return false;
            }

            RawFile.Read(file, (long)tableAt, table);
            for (var j = 0; j < cluster / 8; j++)
            {
                var entry = BinaryPrimitives.ReadUInt64BigEndian(table.AsSpan(j * 8));
                var diskOffset = (((long)i * (cluster / 8)) + j) << clusterBits;
                if (diskOffset < diskBytes && !IsInside(entry, length, clusterBits, Math.Min(cluster, diskBytes - diskOffset)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <param name="directory">Sector of the grain directory.</param>
    /// <returns>False: some data lie outside the file.</returns>
    /// <exception cref="EndOfStreamException">A table does.</exception>
    public static bool AreInsideVmdk(SafeFileHandle file, long length, long sectors, long grainSectors, int tableEntries, long directory, bool isCompressed, CancellationToken cancellationToken)
    {
        var fileSectors = (length + SectorBytes - 1) / SectorBytes;
        var tables = (sectors + (grainSectors * tableEntries) - 1) / (grainSectors * tableEntries);
        if (tables > MaxTableBytes / 4)
        {
            return false;
        }

        // Each table once, however many entries name it, and in the order of the file.
        var entries = MemoryMarshal.Cast<byte, uint>(ReadTable(file, directory * SectorBytes, tables * 4)).ToArray();
        Array.Sort(entries);
        for (var i = 0; i < tables; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var tableAt = entries[i];
            if (tableAt == 0 || (i > 0 && tableAt == entries[i - 1]))
            {
                continue;
            }

            var table = ReadTable(file, (long)tableAt * SectorBytes, tableEntries * 4L);
            for (var j = 0; j < tableEntries; j++)
            {
                var grain = BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(j * 4));
                if (grain > ZeroGrain && grain + (isCompressed ? 1 : grainSectors) > fileSectors)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static bool IsInside(ulong entry, long length, int clusterBits, long bytes)
    {
        if ((entry & Compressed) != 0)
        {
            return (entry & ((1UL << (62 - (clusterBits - 8))) - 1)) < (ulong)length;
        }

        // Bit 0: reads as zero, whatever the place says.
        var at = entry & OffsetMask;
        return (entry & 1) != 0 || at == 0 || at + (ulong)bytes <= (ulong)length;
    }

    private static byte[] ReadTable(SafeFileHandle file, long offset, long bytes)
    {
        if (offset < 0 || bytes > RandomAccess.GetLength(file))
        {
            throw new EndOfStreamException("A table is larger than the file.");
        }

        var table = new byte[bytes];
        RawFile.Read(file, offset, table);
        return table;
    }
}
