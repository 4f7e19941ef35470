using System.Buffers.Binary;
using System.Text;

namespace Caisson.FileSystems;

/// <summary>Bytes to be put on a disk.</summary>
/// <param name="Offset">From the beginning of the disk.</param>
public sealed record DiskWrite(long Offset, byte[] Bytes);

/// <summary>
/// New ids and names for partitions of a GPT (UEFI 2.10, 5.3), as two writes: first the copy at the end, then the one at the beginning. Whoever
/// makes the first durable before the second leaves a sound copy on the disk at every moment, and never two that contradict each other for long:
/// what is read is the first unless it is damaged. Nothing here writes.
/// </summary>
public static class PartitionRenaming
{
    private const int NameBytes = 72;

    /// <param name="changes">By partition number.</param>
    /// <exception cref="FileSystemException">No GPT, a damaged one, one that lies elsewhere than usual, or no such partition.</exception>
    public static IReadOnlyList<DiskWrite> Plan(IReadableDisk disk, IReadOnlyDictionary<int, (Guid Id, string Name)> changes)
    {
        var copy = PartitionTable.FindGpt(disk) ?? throw FileSystemException.NotSupported("The disk has no GPT.");
        ReadOnlySpan<byte> header = copy.Header;
        var (sector, mine, other) = (copy.Sector, (long)header.U64(24), (long)header.U64(32));
        var tableSectors = (copy.Entries.Length + sector - 1) / sector;
        var last = Math.Max(mine, other);
        if (Math.Min(mine, other) != 1 || last >= disk.Bytes / sector || (long)header.U64(40) < 2 + tableSectors || (long)header.U64(48) >= last - tableSectors)
        {
            throw FileSystemException.NotSupported("The two copies of the disk's GPT do not lie where they usually do.");
        }

        var entries = Renamed(copy, changes);
        var first = Header(copy, entries, mine: 1, other: last, table: 2);
        var second = Header(copy, entries, mine: last, other: 1, table: last - tableSectors);
        var table = new byte[tableSectors * sector];
        entries.CopyTo(table, 0);
        return [new DiskWrite((last - tableSectors) * sector, [.. table, .. second]), new DiskWrite(sector, [.. first, .. table])];
    }

    private static byte[] Renamed(PartitionTable.GptCopy copy, IReadOnlyDictionary<int, (Guid Id, string Name)> changes)
    {
        var entries = copy.Entries.ToArray();
        foreach (var (number, (id, name)) in changes)
        {
            if (number < 1 || number > entries.Length / copy.EntryBytes || Encoding.Unicode.GetByteCount(name) > NameBytes)
            {
                throw FileSystemException.NotSupported($"The disk has no partition {number}, or its name would be too long.");
            }

            var entry = entries.AsSpan((number - 1) * copy.EntryBytes, copy.EntryBytes);
            if (!entry[..16].ContainsAnyExcept((byte)0))
            {
                throw FileSystemException.NotSupported($"The disk has no partition {number}.");
            }

            id.TryWriteBytes(entry[16..32]);
            entry.Slice(56, NameBytes).Clear();
            Encoding.Unicode.GetBytes(name, entry.Slice(56, NameBytes));
        }

        return entries;
    }

    private static byte[] Header(PartitionTable.GptCopy copy, byte[] entries, long mine, long other, long table)
    {
        var header = copy.Header.ToArray();
        var size = (int)copy.Header.U32(12);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), mine);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), other);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(72), table);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(88), Checksums.Crc32(entries));
        header.AsSpan(16, 4).Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), Checksums.Crc32(header.AsSpan(0, size)));
        return header;
    }
}
