using static Caisson.Installing.Tests.Pcs;

namespace Caisson.Installing.Tests;

/// <summary>Taking a whole disk.</summary>
public sealed class ErasePlanTests
{
    private static readonly DiskChoice Largest = new DiskChoice.LargestEmpty();

    [Fact]
    public void An_empty_disk_is_taken_whole_with_two_slots_and_a_blank_data_partition()
    {
        var plan = Plan(new PcFacts { Disks = [Stick, Empty()] }, Largest, InstallMode.Erase);

        Assert.Equal(("/dev/sda", 0), (plan.Disk.Path, plan.Lost.Count));
        Assert.Equal([PartitionRole.Esp, PartitionRole.Root, PartitionRole.Verity, PartitionRole.Spare, PartitionRole.Spare, PartitionRole.Data], plan.Partitions.Select(p => p.Role));
        Assert.All(plan.Partitions.Zip(plan.Partitions.Skip(1)), pair => Assert.Equal(pair.First.Extent.End, pair.Second.Extent.Start));
        Assert.InRange(plan.Partitions[^1].Extent.End, (256 * GB) - (2 * MiB), (256 * GB) - MiB);
        Assert.Equal(DiskLayout.DataBlankName, plan.Partitions[^1].Name);
    }

    [Fact]
    public void The_ids_of_slot_A_are_the_halves_of_the_root_hash_and_the_others_are_this_PCs_alone()
    {
        var plan = Plan(new PcFacts { Disks = [Empty()] }, Largest, InstallMode.Erase);

        Assert.Equal("00112233-4455-6677-8899-aabbccddeeff", $"{plan[PartitionRole.Root].Id}");
        Assert.Equal("ffeeddcc-bbaa-9988-7766-554433221100", $"{plan[PartitionRole.Verity].Id}");
        Assert.Equal((Id(1), Id(2), Id(5)), (plan.DiskId, plan[PartitionRole.Esp].Id, plan[PartitionRole.Data].Id));
    }

    [Fact]
    public void The_medium_itself_is_refused() => Assert.Contains("I-104", Codes(Decide(new PcFacts { Disks = [Stick] }, new DiskChoice.BySerial("STICK"), InstallMode.Erase)));

    [Fact]
    public void A_disk_that_cannot_be_written_is_refused() =>
        Assert.Equal(["I-105"], Codes(Decide(new PcFacts { Disks = [Empty() with { ReadOnly = true }] }, ByPath("/dev/sda"), InstallMode.Erase)));

    [Fact]
    public void A_disk_into_which_the_system_does_not_fit_is_refused_whatever_is_wished()
    {
        var pc = new PcFacts { Disks = [Empty(bytes: 3 * GB)] };
        Assert.Equal(["I-110"], Codes(Decide(pc, Largest, InstallMode.Erase, null, "disk")));
    }

    [Fact]
    public void A_disk_too_small_for_a_workspace_is_refused_unless_that_is_named()
    {
        var pc = new PcFacts { Disks = [Empty(bytes: 16 * GB)] };
        Assert.Equal(["I-111"], Codes(Decide(pc, Largest, InstallMode.Erase)));
        Assert.Equal("/dev/sda", Plan(pc, Largest, InstallMode.Erase, null, "disk").Disk.Path);
    }

    [Fact]
    public void A_disk_with_partitions_is_refused_with_their_names_where_it_was_only_described()
    {
        var pc = new PcFacts { Disks = [Shared()] };
        var refused = Assert.IsType<PlanOutcome.Refused>(Decide(pc, new DiskChoice.BySize(200 * GB, 300 * GB), InstallMode.Erase));
        Assert.Contains("partition 2 \"Basic data partition\", 100 GB, ntfs \"Windows\"", Assert.Single(refused.Reasons).Sentence, StringComparison.Ordinal);
        Assert.Equal(["I-103"], Codes(Decide(pc, Largest, InstallMode.Erase)));
    }

    [Fact]
    public void A_disk_with_a_file_system_and_no_partitions_holds_data() =>
        Assert.Equal(["I-103"], Codes(Decide(new PcFacts { Disks = [Empty() with { Signatures = ["crypto_LUKS"] }] }, Largest, InstallMode.Erase)));

    [Fact]
    public void A_disk_that_begins_with_something_unknown_holds_data() =>
        Assert.Equal(["I-103"], Codes(Decide(new PcFacts { Disks = [Empty() with { BeginsBlank = false }] }, Largest, InstallMode.Erase)));

    [Fact]
    public void A_disk_that_holds_data_and_is_named_by_its_serial_number_is_erased_and_what_is_lost_is_said()
    {
        var plan = Plan(new PcFacts { Disks = [Stick, Shared()] }, new DiskChoice.BySerial("SHARED"), InstallMode.Erase);
        Assert.Equal(2, plan.Lost.Count);
        Assert.StartsWith("partition 1 \"EFI\"", plan.Lost[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Two_disks_that_answer_to_the_same_description_are_none()
    {
        var pc = new PcFacts { Disks = [Empty(), Empty("/dev/sdb")] };
        Assert.Equal(["I-102"], Codes(Decide(pc, Largest, InstallMode.Erase)));
        Assert.Equal(["I-102"], Codes(Decide(pc, new DiskChoice.BySerial("EMPTY"), InstallMode.Erase)));
    }

    [Fact]
    public void A_disk_that_is_not_there_is_refused_with_those_that_are()
    {
        var refused = Assert.IsType<PlanOutcome.Refused>(Decide(new PcFacts { Disks = [Stick, Empty()] }, new DiskChoice.BySerial("OTHER"), InstallMode.Erase));
        Assert.Equal("No disk has the serial number 'OTHER'. There are: Test disk, 256 GB, serial EMPTY, /dev/sda. (I-101)", $"{Assert.Single(refused.Reasons)}");
    }

    [Fact]
    public void A_USB_disk_is_never_taken_by_description_and_may_be_named()
    {
        var pc = new PcFacts { Disks = [Empty() with { Removable = true }] };
        Assert.Equal(["I-103"], Codes(Decide(pc, Largest, InstallMode.Erase)));
        Assert.Contains(Plan(pc, ByPath("/dev/sda"), InstallMode.Erase).Warnings, w => w.Contains("taken out", StringComparison.Ordinal));
    }

    [Fact]
    public void An_installation_that_was_never_started_is_no_data() =>
        Assert.Empty(Plan(new PcFacts { Disks = [Installed(DiskLayout.DataBlankName)] }, Largest, InstallMode.Erase).Lost);

    [Fact]
    public void An_installation_that_was_started_is_data() =>
        Assert.Equal(["I-103"], Codes(Decide(new PcFacts { Disks = [Installed("caisson-data")] }, Largest, InstallMode.Erase)));

    [Fact]
    public void The_same_version_on_another_disk_is_refused_because_a_start_could_not_tell_them_apart()
    {
        var pc = new PcFacts { Disks = [Installed("caisson-data"), Empty("/dev/sdb", serial: "B")] };
        Assert.Equal(["I-112"], Codes(Decide(pc, Largest, InstallMode.Erase)));
    }

    [Fact]
    public void Another_version_on_another_disk_stays_and_is_told()
    {
        var pc = new PcFacts { Disks = [Installed("caisson-data", release: new Release(2, new string('9', 64))), Empty("/dev/sdb", serial: "B")] };
        Assert.Contains(Plan(pc, Largest, InstallMode.Erase).Warnings, w => w.Contains("another version", StringComparison.Ordinal));
    }

    [Fact]
    public void Hardware_without_which_nothing_runs_is_refused_unless_it_is_named()
    {
        var pc = new PcFacts { Disks = [Empty()], Missing = [new("memory", "2 GB is too little.")] };
        Assert.Equal(["I-120"], Codes(Decide(pc, Largest, InstallMode.Erase)));
        Assert.Equal(["I-120"], Codes(Decide(pc, Largest, InstallMode.Erase, null, "KVM")));
        Assert.Equal(["memory: 2 GB is too little."], Plan(pc, Largest, InstallMode.Erase, null, "memory").Warnings);
    }

    [Fact]
    public void Less_than_it_could_have_is_a_warning() =>
        Assert.Equal(["TPM 2.0: There is none."], Plan(new PcFacts { Disks = [Empty()], Degraded = [new("TPM 2.0", "There is none.")] }, Largest, InstallMode.Erase).Warnings);

    [Fact]
    public void Every_reason_is_said_at_once()
    {
        var pc = new PcFacts { Disks = [Stick], Missing = [new("memory", "Too little."), new("KVM", "None.")] };
        Assert.Equal(["I-120", "I-120", "I-103"], Codes(Decide(pc, Largest, InstallMode.Erase)));
    }
}
