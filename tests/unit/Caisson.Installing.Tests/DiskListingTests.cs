namespace Caisson.Installing.Tests;

/// <summary>What lsblk, sfdisk and wipefs of Debian 13 say.</summary>
public sealed class DiskListingTests
{
    private const string Lsblk = """
        {"blockdevices":[
          {"path":"/dev/sr0","type":"rom","size":1073741312,"model":"QEMU DVD-ROM","serial":"QM00003","tran":"sata","ro":false,"rm":true,"fstype":null,"label":null},
          {"path":"/dev/zram0","type":"disk","size":104857600,"model":null,"serial":null,"tran":null,"ro":false,"rm":false,"fstype":null,"label":null},
          {"path":"/dev/nvme0n1","type":"disk","size":512110190592,"model":"Some  SSD ","serial":"S1\u001b[2J","tran":"nvme","ro":false,"rm":false,"fstype":null,"label":null,
           "children":[
             {"path":"/dev/nvme0n1p1","type":"part","size":104857600,"model":null,"serial":null,"tran":"nvme","ro":false,"rm":false,"fstype":"vfat","label":"SYSTEM"},
             {"path":"/dev/nvme0n1p12","type":"part","size":1048576,"model":null,"serial":null,"tran":"nvme","ro":false,"rm":false,"fstype":null,"label":null,
              "children":[{"path":"/dev/mapper/x","type":"crypt","size":1,"model":null,"serial":null,"tran":null,"ro":false,"rm":false,"fstype":"ext4","label":null}]}]},
          {"path":"/dev/sdb","type":"disk","size":8000000000,"model":"Stick","serial":"","tran":"usb","ro":false,"rm":false,"fstype":null,"label":null}
        ]}
        """;

    private const string Sfdisk = """
        {"partitiontable":{"label":"gpt","id":"X","device":"/dev/nvme0n1","unit":"sectors","firstlba":34,"lastlba":1000215182,"sectorsize":512,
          "partitions":[
            {"node":"/dev/nvme0n1p1","start":2048,"size":204800,"type":"C12A7328-F81F-11D2-BA4B-00A0C93EC93B","uuid":"11111111-2222-3333-4444-555555555555","name":"EFI system partition","attrs":"GUID:63"},
            {"node":"/dev/nvme0n1p12","start":206848,"size":2048,"type":"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7","uuid":"21111111-2222-3333-4444-555555555555"}]}}
        """;

    private static readonly IReadOnlyList<BlockDevice> Blocks = DiskListing.Blocks(Lsblk);

    [Fact]
    public void Optical_drives_and_memory_are_no_disks() => Assert.Equal(["/dev/nvme0n1", "/dev/sdb"], Blocks.Select(b => b.Path));

    [Fact]
    public void A_GPT_is_read_with_what_its_partitions_hold()
    {
        var disk = DiskListing.Disk(Blocks[0], Sfdisk, """{"signatures":[{"type":"gpt"},{"type":"gpt"},{"type":"PMBR"}]}""", beginsBlank: false, isMedium: false);

        Assert.Equal((TableKind.Gpt, new Extent(34 * 512, (1000215182L - 33) * 512)), (disk.Table, disk.Usable));
        Assert.Equal([(1, "vfat"), (12, null)], disk.Partitions.Select(p => (p.Number, p.Content)));
        Assert.Equal((DiskLayout.Esp, new Extent(2048 * 512, 204800 * 512)), (disk.Partitions[0].TypeId, disk.Partitions[0].Extent));
        Assert.Empty(disk.Signatures);
        Assert.True(disk.BeginsBlank);
    }

    [Fact]
    public void A_serial_number_cannot_move_the_cursor() =>
        Assert.Equal(("Some  SSD", "S1?[2J"), (DiskListing.Disk(Blocks[0], null, "", true, false).Model, DiskListing.Disk(Blocks[0], null, "", true, false).Serial));

    [Fact]
    public void A_disk_without_a_table_has_its_signatures_only()
    {
        var disk = DiskListing.Disk(Blocks[1], null, """{"signatures":[{"type":"LVM2_member"}]}""", beginsBlank: true, isMedium: true);

        Assert.Equal((TableKind.None, null, true, true), (disk.Table, disk.Serial, disk.Removable, disk.IsMedium));
        Assert.Equal(["LVM2_member"], disk.Signatures);
    }

    [Fact]
    public void An_old_table_is_no_GPT()
    {
        var disk = DiskListing.Disk(Blocks[1], """{"partitiontable":{"label":"dos","id":"0x1","device":"/dev/sdb","unit":"sectors","sectorsize":512,"partitions":[{"node":"/dev/sdb1","start":2048,"size":100,"type":"c","bootable":true}]}}""", "", false, false);

        Assert.Equal((TableKind.Other, null, Guid.Empty), (disk.Table, disk.Usable, Assert.Single(disk.Partitions).TypeId));
    }
}
