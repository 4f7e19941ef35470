using System.Text;

namespace Caisson.FileSystems;

/// <summary>
/// The partitions of a disk: GPT (UEFI 2.10, 5.3; the copy at the end where the first is damaged), a file system on the bare disk, or MBR
/// with logical partitions. Nothing here trusts a number before it lies inside the disk.
/// </summary>
public static class PartitionTable
{
    private const int HeaderBytes = 92;
    private const int MaxEntryBytes = 4096;
    private const int MbrSector = 512;

    /// <returns>In the table's order. Empty: neither a table nor a file system that is known.</returns>
    /// <exception cref="FileSystemException">Damaged, or too large: more than <see cref="ReadLimits.MaxPartitions"/>.</exception>
    public static IReadOnlyList<Partition> Read(IReadableDisk disk)
    {
        if (TryReadGpt(disk) is { } gpt)
        {
            return gpt;
        }

        return Recognition.Of(disk) != FileSystemKind.Unknown ? [new Partition(0, 0, disk.Bytes, "", "")] : ReadMbr(disk);
    }

    private static List<Partition>? TryReadGpt(IReadableDisk disk) => FindGpt(disk) is { } gpt ? ReadEntries(disk, gpt.Entries, gpt.EntryBytes, gpt.Sector) : null;

    /// <summary>The first sound copy of a GPT; null: the disk has none.</summary>
    internal static GptCopy? FindGpt(IReadableDisk disk)
    {
        var damaged = false;
        foreach (var sector in (int[])[512, 4096])
        {
            foreach (var at in (long[])[sector, disk.Bytes - sector])
            {
                switch (TryReadHeader(disk, sector, at))
                {
                    case (true, { } found):
                        return found;
                    case (true, null):
                        damaged = true;
                        break;
                }
            }
        }

        if (damaged)
        {
            throw FileSystemException.Damaged("Both copies of the disk's GPT are damaged.");
        }

        return null;
    }

    /// <returns>Whether there is a header, and the copy if it is sound.</returns>
    private static (bool IsThere, GptCopy? Copy) TryReadHeader(IReadableDisk disk, int sector, long at)
    {
        if (at < 0 || at > disk.Bytes - sector)
        {
            return (false, null);
        }

        ReadOnlySpan<byte> header = ReadSector(disk, at, sector);
        if (!header.StartsWith("EFI PART"u8))
        {
            return (false, null);
        }

        var size = header.U32(12);
        if (size < HeaderBytes || size > sector || !HasChecksum(header[..(int)size]))
        {
            return (true, null);
        }

        var (table, count, entryBytes) = (header.U64(72), header.U32(80), header.U32(84));
        if (entryBytes is < 128 or > MaxEntryBytes || entryBytes % 8 != 0 || count > 4 * ReadLimits.MaxPartitions || table > (ulong)(disk.Bytes / sector))
        {
            return (true, null);
        }

        var entries = new byte[count * entryBytes];
        if (((long)table * sector) + entries.Length > disk.Bytes)
        {
            return (true, null);
        }

        disk.Read((long)table * sector, entries);
        return (true, Checksums.Crc32(entries) == header.U32(88) ? new GptCopy(sector, header.ToArray(), entries) : null);
    }

    private static bool HasChecksum(ReadOnlySpan<byte> header)
    {
        var copy = header.ToArray();
        copy.AsSpan(16, 4).Clear();
        return Checksums.Crc32(copy) == header.U32(16);
    }

    private static List<Partition> ReadEntries(IReadableDisk disk, byte[] entries, int entryBytes, int sector)
    {
        var found = new List<Partition>();
        for (var number = 1; number <= entries.Length / entryBytes; number++)
        {
            ReadOnlySpan<byte> entry = entries.AsSpan((number - 1) * entryBytes, entryBytes);
            if (!entry[..16].ContainsAnyExcept((byte)0))
            {
                continue;
            }

            var (first, last) = (entry.U64(32), entry.U64(40));
            if (last < first || last >= (ulong)(disk.Bytes / sector))
            {
                throw FileSystemException.Damaged($"Partition {number} reaches beyond the disk.");
            }

            Add(found, new Partition(number, (long)first * sector, ((long)(last - first) + 1) * sector, $"{new Guid(entry[..16])}".ToUpperInvariant(), Encoding.Unicode.GetString(entry[56..128]).TrimEnd('\0')) { Id = new Guid(entry[16..32]) });
        }

        return found;
    }

    private static List<Partition> ReadMbr(IReadableDisk disk)
    {
        var found = new List<Partition>();
        var mbr = disk.Bytes < MbrSector ? [] : ReadSector(disk, 0, MbrSector);
        if (mbr.Length == 0 || !IsMbr(mbr))
        {
            return found;
        }

        for (var i = 0; i < 4; i++)
        {
            var entry = MbrEntry.At(mbr, i);
            if (entry.IsExtended)
            {
                ReadLogical(disk, entry.First, found);
            }
            else if (entry.Sectors > 0 && entry.Type != 0)
            {
                Add(found, entry.ToPartition(disk, i + 1, 0));
            }
        }

        return found;
    }

    /// <summary>Logical partitions: a chain of tables, each further along the disk than the one before, so that it ends.</summary>
    private static void ReadLogical(IReadableDisk disk, long extended, List<Partition> found)
    {
        var at = extended;
        for (var number = 5; ; number++)
        {
            if (at > (disk.Bytes / MbrSector) - 1)
            {
                throw FileSystemException.Damaged("A logical partition lies outside the disk.");
            }

            var table = ReadSector(disk, at * MbrSector, MbrSector);
            if (!IsMbr(table))
            {
                return;
            }

            var entry = MbrEntry.At(table, 0);
            if (entry.Sectors > 0 && entry.Type != 0)
            {
                Add(found, entry.ToPartition(disk, number, at));
            }

            var next = MbrEntry.At(table, 1);
            if (!next.IsExtended)
            {
                return;
            }

            at = extended + next.First > at ? extended + next.First : throw FileSystemException.Damaged("The chain of logical partitions turns back on itself.");
        }
    }

    private static bool IsMbr(byte[] sector) => sector[510] == 0x55 && sector[511] == 0xaa && Enumerable.Range(0, 4).All(i => sector[446 + (i * 16)] is 0 or 0x80);

    private static void Add(List<Partition> found, Partition partition)
    {
        if (found.Count == ReadLimits.MaxPartitions)
        {
            throw FileSystemException.TooLarge($"The disk has more than {ReadLimits.MaxPartitions} partitions.");
        }

        found.Add(partition);
    }

    private static byte[] ReadSector(IReadableDisk disk, long offset, int bytes)
    {
        var sector = new byte[bytes];
        disk.ReadInside(offset, sector, "A partition table");
        return sector;
    }

    /// <summary>A sound copy of a GPT: its header's sector and its table.</summary>
    internal sealed record GptCopy(int Sector, byte[] Header, byte[] Entries)
    {
        public int EntryBytes => (int)Header.U32(84);
    }

    /// <summary>One of the four lines of an MBR or of a logical partition's table.</summary>
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
    private readonly record struct MbrEntry(byte Type, long First, long Sectors)
    {
        public bool IsExtended => Type is 0x05 or 0x0f or 0x85 && Sectors > 0;

        public static MbrEntry At(byte[] sector, int index) => new(sector[450 + (index * 16)], sector.U32(454 + (index * 16)), sector.U32(458 + (index * 16)));

        public Partition ToPartition(IReadableDisk disk, int number, long from)
        {
            var (offset, bytes) = ((from + First) * MbrSector, Sectors * MbrSector);
            return offset <= disk.Bytes - bytes ? new Partition(number, offset, bytes, $"{Type:x2}", "") : throw FileSystemException.Damaged($"Partition {number} reaches beyond the disk.");
        }
    }
}
