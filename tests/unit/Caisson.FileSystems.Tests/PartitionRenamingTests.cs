namespace Caisson.FileSystems.Tests;

public sealed class PartitionRenamingTests
{
    private static readonly Guid New = Guid.Parse("0123456789abcdef0123456789abcdef");

    private static IReadOnlyList<DiskWrite> Plan(MemoryDisk disk) => PartitionRenaming.Plan(disk, new Dictionary<int, (Guid, string)> { [2] = (New, "caisson_2") });

    [Fact]
    public void A_partition_gets_another_id_and_name_and_nothing_else_changes()
    {
        var disk = MemoryDisk.Load("gpt");
        var before = PartitionTable.Read(disk);
        Apply(disk, Plan(disk));
        var after = PartitionTable.Read(disk);
        Assert.Equal([before[0], before[1] with { Id = New, Name = "caisson_2" }, before[2]], after);
    }

    [Fact]
    public void Whichever_copy_is_lost_the_other_says_the_same()
    {
        foreach (var lost in (int[])[512, -512])
        {
            var disk = MemoryDisk.Load("gpt");
            Apply(disk, Plan(disk));
            disk.Content[(lost < 0 ? disk.Content.Length : 0) + lost + 20] ^= 1;
            Assert.Equal("caisson_2", PartitionTable.Read(disk)[1].Name);
        }
    }

    /// <summary>Sector by sector: a power cut leaves some of a write, in any order.</summary>
    [Fact]
    public void A_power_cut_anywhere_in_it_leaves_the_old_table_or_the_new_one()
    {
        var disk = MemoryDisk.Load("gpt");
        var (writes, before) = (Plan(disk), Snapshot(disk));
        for (var whole = 0; whole < 2; whole++)
        {
            for (var sector = 0; sector < writes[whole].Bytes.Length / 512; sector++)
            {
                foreach (var isLastMissing in (bool[])[true, false])
                {
                    Apply(disk, before);
                    Apply(disk, writes.Take(whole));
                    var (bytes, at) = (writes[whole].Bytes, writes[whole].Offset);
                    var torn = isLastMissing ? bytes[..(sector * 512)] : bytes[(sector * 512)..];
                    Apply(disk, [new DiskWrite(isLastMissing ? at : at + (sector * 512), torn)]);
                    Assert.Contains(PartitionTable.Read(disk)[1].Name, (string[])["root", "caisson_2"]);
                }
            }
        }
    }

    [Fact]
    public void What_is_not_there_is_not_renamed()
    {
        Assert.Throws<FileSystemException>(() => PartitionRenaming.Plan(MemoryDisk.Load("gpt"), new Dictionary<int, (Guid, string)> { [9] = (New, "x") }));
        Assert.Throws<FileSystemException>(() => PartitionRenaming.Plan(MemoryDisk.Load("mbr"), new Dictionary<int, (Guid, string)>()));
        Assert.Throws<FileSystemException>(() => PartitionRenaming.Plan(MemoryDisk.Load("gpt"), new Dictionary<int, (Guid, string)> { [2] = (New, new string('x', 37)) }));
    }

    /// <summary>What the writes of a plan lie over.</summary>
    private static List<DiskWrite> Snapshot(MemoryDisk disk) => [.. Plan(disk).Select(w => new DiskWrite(w.Offset, disk.Content.AsSpan((int)w.Offset, w.Bytes.Length).ToArray()))];

    private static void Apply(MemoryDisk disk, IEnumerable<DiskWrite> writes)
    {
        foreach (var write in writes)
        {
            write.Bytes.CopyTo(disk.Content, write.Offset);
        }
    }
}
