namespace Caisson.FileSystems.Tests;

public sealed class ExtTests
{
    [Theory]
    [InlineData("ext4")]
    [InlineData("ext2")]
    [InlineData("groups")]
    [InlineData("inline")]
    public void Every_file_is_there_with_its_bytes(string name) =>
        Assert.Equal(MemoryDisk.Tree, Listing.Of(FileSystem.TryOpen(MemoryDisk.Load(name))!));

    [Fact]
    public void The_old_map_of_blocks_is_read_to_its_third_level()
    {
        var system = FileSystem.TryOpen(MemoryDisk.Load("ext2"))!;
        var far = FileWalk.Find(system, "far")!;
        var end = new byte[4];
        system.Read(far, (69 << 20) - 1, end);
        Assert.Equal((70L << 20, "\0far"), (far.Bytes, System.Text.Encoding.ASCII.GetString(end)));
    }

    [Fact]
    public void A_file_that_was_given_blocks_but_never_written_reads_as_zeros()
    {
        var system = FileSystem.TryOpen(MemoryDisk.Load("ext4"))!;
        var file = FileWalk.Find(system, "small/unwritten")!;
        Assert.Equal(40_960, file.Bytes);
        Assert.Empty(system.Runs(file)!);
        Assert.False(Listing.Read(system, file).AsSpan().ContainsAnyExcept((byte)0));
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("ext2")]
    [InlineData("groups")]
    [InlineData("inline")]
    public void Nothing_a_file_lies_in_is_free_and_a_disk_without_its_free_bytes_reads_the_same(string name)
    {
        var disk = MemoryDisk.Load(name);
        foreach (var free in FileSystem.TryOpen(disk)!.FreeRanges())
        {
            disk.Content.AsSpan((int)free.Offset, (int)free.Bytes).Clear();
        }

        Assert.Equal(MemoryDisk.Tree, Listing.Of(FileSystem.TryOpen(disk)!));
    }

    [Fact]
    public void What_was_deleted_lies_in_free_space()
    {
        var disk = MemoryDisk.Load("ext4");
        var stale = FileSystem.MeaninglessRanges(disk).Sum(free => (long)NonZeroBlocks(disk, free));
        Assert.InRange(stale * 4096, 4_400_000, 4_500_000);
    }

    [Fact]
    public void Free_ranges_come_in_order_and_stay_inside_the_disk()
    {
        foreach (var name in (string[])["ext4", "ext2", "groups", "inline", "fat12", "fat32"])
        {
            var disk = MemoryDisk.Load(name);
            var at = 0L;
            foreach (var free in FileSystem.TryOpen(disk)!.FreeRanges())
            {
                Assert.True(free.Offset >= at && free.Bytes > 0 && free.End <= disk.Bytes, $"{name}: {free}");
                at = free.End;
            }

            Assert.True(at > 0, name);
        }
    }

    [Fact]
    public void A_journal_that_waits_is_said_and_its_free_space_not_believed()
    {
        var disk = MemoryDisk.Load("ext4");
        disk.NeedsRecovery(0);
        Assert.Contains("journal", FileSystem.TryOpen(disk)!.Unclean, StringComparison.Ordinal);
        Assert.Empty(FileSystem.MeaninglessRanges(disk));
    }

    [Fact]
    public void A_bitmap_that_does_not_fit_its_count_frees_nothing()
    {
        var disk = MemoryDisk.Load("ext4");
        var bitmapBlock = BitConverter.ToUInt32(disk.Content, 4096);
        disk.Content[((int)bitmapBlock * 4096) + 200] ^= 1;
        Assert.Equal(FileSystemFault.Damaged, Assert.Throws<FileSystemException>(() => FileSystem.MeaninglessRanges(disk).ToList()).Fault);
    }

    [Fact]
    public void A_feature_that_is_not_known_is_refused_by_name()
    {
        var disk = MemoryDisk.Load("ext2");
        disk.Content[1024 + 96 + 2] |= 1; // encryption
        Assert.Equal(FileSystemFault.NotSupported, Assert.Throws<FileSystemException>(() => FileSystem.TryOpen(disk)).Fault);
    }

    [Fact]
    public void Names_with_bytes_no_screen_should_see_are_made_readable()
    {
        var system = FileSystem.TryOpen(MemoryDisk.Load("ext4"))!;
        var names = system.List(FileWalk.Find(system, "small")!).Select(entry => FileNames.Readable(entry.Name)).ToList();
        Assert.Contains("ümlaut", names);
        Assert.Contains("escape?[31m", names);
        Assert.Contains("not-\ufffd-utf8", names);
    }

    private static int NonZeroBlocks(MemoryDisk disk, ByteRange range) =>
        Enumerable.Range(0, (int)(range.Bytes / 4096)).Count(i => disk.Content.AsSpan((int)range.Offset + (i * 4096), 4096).ContainsAnyExcept((byte)0));
}
