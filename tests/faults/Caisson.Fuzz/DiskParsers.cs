using System.Buffers.Binary;
using System.IO.Compression;
using Caisson.FileSystems;

namespace Caisson.Fuzz;

/// <summary>Partition tables and file systems: all of a disk is listed, read and asked for its free space.</summary>
internal static class DiskParsers
{
    private const int Sector = 512;
    private const int ReadBytes = 64 * 1024;

    public static Parser Ext { get; } = new("ext", bytes => ReadAll(new Disk(bytes)), () => [Seed("seed-ext4"), Seed("seed-ext2")]);

    public static Parser Fat { get; } = new("fat", bytes => ReadAll(new Disk(bytes)), () => [Seed("seed-fat")]);

    /// <summary>A GPT's checksums are made right first, so that what they cover is read.</summary>
    public static Parser Partitions { get; } = new("partitions", ParsePartitions, () => [Seed("seed-gpt"), Seed("seed-mbr")]);

    private static bool ParsePartitions(byte[] bytes)
    {
        Seal(bytes);
        var disk = new Disk(bytes);
        try
        {
            var parts = PartitionTable.Read(disk);
            Parsers.Require(parts.All(part => part.Offset >= 0 && part.Bytes > 0 && part.Offset <= disk.Bytes - part.Bytes), "A partition lies outside the disk.");
            return true;
        }
        catch (FileSystemException)
        {
            return false;
        }
    }

    private static bool ReadAll(Disk disk)
    {
        try
        {
            if (FileSystem.TryOpen(disk) is not { } system)
            {
                return false;
            }

            foreach (var (_, file) in FileWalk.All(system))
            {
                Read(system, file);
            }

            var end = 0L;
            foreach (var free in system.FreeRanges())
            {
                Parsers.Require(free.Offset >= end && free.Bytes > 0 && free.End <= disk.Bytes, "Free space lies twice, backwards or outside the disk.");
                end = free.End;
            }

            return true;
        }
        catch (FileSystemException)
        {
            return false;
        }
    }

    private static void Read(IFileSystem system, FileNode file)
    {
        Parsers.Require(file.Bytes >= 0, "A file has a negative size.");
        if (file.Kind == FileKind.SymbolicLink)
        {
            system.ReadLink(file);
        }
        else if (file.Kind == FileKind.Regular)
        {
            system.Read(file, 0, new byte[Math.Min(file.Bytes, ReadBytes)]);
            var end = 0L;
            foreach (var run in system.Runs(file) ?? [])
            {
                Parsers.Require(run.Offset >= end && run.Bytes > 0, "Pieces of a file lie twice or backwards.");
                end = run.Offset + run.Bytes;
            }
        }
    }

    private static void Seal(byte[] disk)
    {
        if (disk.Length < 2 * Sector)
        {
            return;
        }

        var header = disk.AsSpan(Sector, Sector);
        var (table, bytes) = (BinaryPrimitives.ReadUInt64LittleEndian(header[72..]) * Sector, (long)BinaryPrimitives.ReadUInt32LittleEndian(header[80..]) * BinaryPrimitives.ReadUInt32LittleEndian(header[84..]));
        if (table < (ulong)disk.Length && bytes <= disk.Length - (long)table)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[88..], Checksums.Crc32(disk.AsSpan((int)table, (int)bytes)));
        }

        var size = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(header[12..]), Sector);
        header[16..20].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], Checksums.Crc32(header[..size]));
    }

    private static byte[] Seed(string name)
    {
        using var packed = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "disks", $"{name}.img.gz")), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        packed.CopyTo(plain);
        return plain.ToArray();
    }

    private sealed class Disk(byte[] content) : IReadableDisk
    {
        public long Bytes => content.Length;

        public void Read(long offset, Span<byte> buffer) => content.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
    }
}
