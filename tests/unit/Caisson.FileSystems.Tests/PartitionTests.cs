namespace Caisson.FileSystems.Tests;

public sealed class PartitionTests
{
    [Fact]
    public void A_gpt_is_read_and_its_copy_where_it_is_damaged()
    {
        var disk = MemoryDisk.Load("gpt");
        foreach (var damage in (bool[])[false, true])
        {
            disk.Content[512 + 70] ^= damage ? (byte)1 : (byte)0;
            var parts = PartitionTable.Read(disk);
            Assert.Equal([(1, 1L << 20, 16L << 20, "ESP"), (2, 17L << 20, 24L << 20, "root"), (3, 42L << 20, 2L << 20, "swap")], parts.Select(p => (p.Number, p.Offset, p.Bytes, p.Name)));
            Assert.Equal([FileSystemKind.Fat, FileSystemKind.Ext, FileSystemKind.Swap], parts.Select(p => Recognition.Of(p.On(disk))));
            Assert.Equal("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", parts[0].Type);
        }

        disk.Content[^100] ^= 1;
        disk.Content[disk.Content.Length - 512 + 40] ^= 1;
        Assert.Throws<FileSystemException>(() => PartitionTable.Read(disk));
    }

    [Fact]
    public void An_mbr_is_read_with_its_logical_partitions()
    {
        var disk = MemoryDisk.Load("mbr");
        var parts = PartitionTable.Read(disk);
        Assert.Equal([(1, 1L << 20, "01"), (5, 5L << 20, "83"), (6, 8L << 20, "83")], parts.Select(p => (p.Number, p.Offset, p.Type)));
        Assert.NotNull(FileWalk.Find(FileSystem.TryOpen(parts[2].On(disk))!, "small/hello"));
        Assert.Null(FileSystem.TryOpen(parts[1].On(disk)));
    }

    [Fact]
    public void A_bare_file_system_is_one_partition_and_an_empty_disk_none()
    {
        Assert.Equal([new Partition(0, 0, 24 << 20, "", "")], PartitionTable.Read(MemoryDisk.Load("ext4")));
        Assert.Equal([new Partition(0, 0, 3 << 20, "", "")], PartitionTable.Read(MemoryDisk.Load("fat12")));
        Assert.Empty(PartitionTable.Read(new MemoryDisk(new byte[1 << 20])));
        Assert.Empty(PartitionTable.Read(new MemoryDisk([])));
    }

    [Fact]
    public void Swap_space_means_nothing_beyond_its_header_unless_a_system_sleeps_in_it()
    {
        var disk = MemoryDisk.Load("gpt");
        var swap = PartitionTable.Read(disk)[2].On(disk);
        Assert.Equal([new ByteRange(4096, (2 << 20) - 4096)], FileSystem.MeaninglessRanges(swap));
        "S1SUSPEND\0"u8.CopyTo(disk.Content.AsSpan((42 << 20) + 4086));
        Assert.Empty(FileSystem.MeaninglessRanges(swap));
    }

    [Theory]
    [InlineData("XFSB", 0, FileSystemKind.Xfs)]
    [InlineData("NTFS    ", 3, FileSystemKind.Ntfs)]
    [InlineData("_BHRfS_M", 0x10040, FileSystemKind.Btrfs)]
    [InlineData("LABELONE", 512, FileSystemKind.Lvm)]
    public void What_is_not_read_is_recognised(string signature, int at, FileSystemKind kind)
    {
        var disk = new MemoryDisk(new byte[1 << 20]);
        System.Text.Encoding.ASCII.GetBytes(signature).CopyTo(disk.Content, at);
        Assert.Equal(kind, Recognition.Of(disk));
        Assert.Null(FileSystem.TryOpen(disk));
        Assert.Equal(0, Assert.Single(PartitionTable.Read(disk)).Number);
    }
}
