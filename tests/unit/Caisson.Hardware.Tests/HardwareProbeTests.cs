using System.Text.RegularExpressions;
using Caisson.Testing;

namespace Caisson.Hardware.Tests;

public sealed partial class HardwareProbeTests
{
    private static readonly KvmTrial Works = new(KvmOutcome.Works, "KVM: a test kernel ran under it.");

    private static HardwareFacts Laptop => new()
    {
        Pci = Inventories.Read("nvidia-desktop"),
        CpuVirtualizes = true,
        KvmDevice = true,
        IommuGroups = 7,
        Tpms = [2],
        Uefi = true,
        SecureBoot = true,
        SetupMode = false,
        MemoryBytes = 16_600_000_000,
        SleepStates = ["freeze", "mem", "disk"],
        MemorySleep = ["s2idle", "deep"],
        Disks = [new DiskFact("nvme0n1", 512_000_000_000, Rotational: false, Removable: false)],
        WirelessInterfaces = ["wlp3s0"],
    };

    private static HardwareFacts Nothing => new() { Pci = new PciInventory([]) };

    [Fact]
    public void A_good_PC_is_ok_in_everything()
    {
        var findings = HardwareProbe.Judge(Laptop, Works);
        Assert.Equal(["KVM", "IOMMU", "TPM 2.0", "Secure Boot", "GPU", "Wi-Fi", "disk", "memory", "suspend"], findings.Select(f => f.Name));
        Assert.All(findings, f => Assert.Equal(Verdict.Ok, f.Verdict));
        Assert.Equal(Verdict.Ok, HardwareProbe.Overall(findings));
    }

    [Fact]
    public void A_PC_that_tells_nothing_gets_a_sentence_for_each_thing_and_no_praise()
    {
        var findings = HardwareProbe.Judge(Nothing, KvmTrial.NotTried);
        Assert.Equal(9, findings.Count);
        Assert.All(findings, f => Assert.NotEqual(Verdict.Ok, f.Verdict));
        Assert.All(findings, f => Assert.Matches(@"^[A-Z].*\.$", f.Reason));
    }

    public static TheoryData<string, string, Verdict, string> Findings => new()
    {
        { "KVM", "no /dev/kvm", Verdict.No, "switch virtualisation on" },
        { "KVM", "no flags", Verdict.No, "neither VT-x nor AMD-V" },
        { "IOMMU", "no groups", Verdict.Degraded, "VT-d or AMD-Vi" },
        { "IOMMU", "groups unknown", Verdict.Degraded, "does not tell" },
        { "TPM 2.0", "no TPM", Verdict.No, "PTT or fTPM" },
        { "TPM 2.0", "TPM 1.2", Verdict.No, "switched to 2.0" },
        { "TPM 2.0", "TPM mute", Verdict.Degraded, "does not say" },
        { "Secure Boot", "BIOS", Verdict.No, "UEFI" },
        { "Secure Boot", "Secure Boot off", Verdict.Degraded, "switch it on" },
        { "Secure Boot", "setup mode", Verdict.Degraded, "enrol keys" },
        { "Secure Boot", "Secure Boot unknown", Verdict.Degraded, "does not tell" },
        { "GPU", "no GPU", Verdict.No, "no display controller" },
        { "GPU", "no driver", Verdict.Degraded, "draw with the processor" },
        { "GPU", "no outputs", Verdict.No, "without outputs" },
        { "Wi-Fi", "no Wi-Fi", Verdict.No, "needs a cable" },
        { "Wi-Fi", "Wi-Fi without firmware", Verdict.Degraded, "no driver took it" },
        { "disk", "no disk", Verdict.No, "AHCI or NVMe" },
        { "disk", "a stick only", Verdict.No, "no built-in disk" },
        { "disk", "small disk", Verdict.No, "are the least" },
        { "disk", "turning disk", Verdict.Degraded, "SSD" },
        { "memory", "2 GB", Verdict.No, "too little" },
        { "memory", "4 GB", Verdict.Degraded, "8 GB" },
        { "suspend", "freeze", Verdict.Degraded, "only sleeps idle" },
        { "suspend", "no sleep", Verdict.No, "does not sleep" },
    };

    [Theory]
    [MemberData(nameof(Findings))]
    public void What_is_missing_is_said_with_what_to_do(string name, string missing, Verdict verdict, string says)
    {
        var finding = HardwareProbe.Judge(Without(missing), KvmTrial.NotTried).Single(f => f.Name == name);
        Assert.Equal(verdict, finding.Verdict);
        Assert.Contains(says, finding.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void KVM_is_what_a_trial_says_and_untried_it_is_never_ok()
    {
        Finding Kvm(KvmTrial trial) => HardwareProbe.Judge(Laptop, trial)[0];

        Assert.Equal(new Finding("KVM", Verdict.No, "It hangs."), Kvm(new KvmTrial(KvmOutcome.Fails, "It hangs.")));
        Assert.Equal(Verdict.Ok, Kvm(Works).Verdict);
        Assert.Equal(Verdict.Degraded, Kvm(KvmTrial.NotTried).Verdict);
    }

    [Fact]
    public void A_PC_is_turned_down_only_for_what_nothing_runs_without()
    {
        Verdict Of(string missing) => HardwareProbe.Overall(HardwareProbe.Judge(Without(missing), Works));

        Assert.Equal((Verdict.Degraded, Verdict.Degraded), (Of("no TPM"), Of("no Wi-Fi")));
        Assert.Equal((Verdict.No, Verdict.No), (Of("no disk"), Of("2 GB")));
    }

    /// <summary>A list of hardware is what such products died of.</summary>
    [Fact]
    public void The_code_knows_no_maker()
    {
        var sources = Directory.GetFiles(Path.Combine(Checkout.Root, "src/core/Caisson.Hardware"), "*.cs");
        Assert.NotEmpty(sources);
        Assert.DoesNotContain(sources, file => Maker().IsMatch(File.ReadAllText(file)));
    }

    private static HardwareFacts Without(string missing) => missing switch
    {
        "no /dev/kvm" => Laptop with { KvmDevice = false },
        "no flags" => Laptop with { CpuVirtualizes = false },
        "no groups" => Laptop with { IommuGroups = 0 },
        "groups unknown" => Laptop with { IommuGroups = null },
        "no TPM" => Laptop with { Tpms = [] },
        "TPM 1.2" => Laptop with { Tpms = [1] },
        "TPM mute" => Laptop with { Tpms = [null] },
        "BIOS" => Laptop with { Uefi = false },
        "Secure Boot off" => Laptop with { SecureBoot = false },
        "Secure Boot unknown" => Laptop with { SecureBoot = null },
        "setup mode" => Laptop with { SecureBoot = false, SetupMode = true },
        "no GPU" => Laptop with { Pci = new PciInventory([]) },
        "no driver" => Laptop with { Pci = Inventories.Read("vm") },
        "no outputs" => Laptop with { Pci = new PciInventory(Inventories.Read("hybrid-laptop").Devices.Where(d => !d.HasOutputs)) },
        "no Wi-Fi" => Laptop with { WirelessInterfaces = [] },
        "Wi-Fi without firmware" => Laptop with { WirelessInterfaces = [], Pci = new PciInventory(Inventories.Read("hybrid-laptop").Devices.Select(d => d with { Driver = null })) },
        "no disk" => Laptop with { Disks = [] },
        "a stick only" => Laptop with { Disks = [new DiskFact("sda", 128_000_000_000, Rotational: false, Removable: true)] },
        "small disk" => Laptop with { Disks = [new DiskFact("mmcblk0", 16_000_000_000, Rotational: false, Removable: false)] },
        "turning disk" => Laptop with { Disks = [new DiskFact("sda", 1_000_000_000_000, Rotational: true, Removable: false)] },
        "2 GB" => Laptop with { MemoryBytes = 2_000_000_000 },
        "4 GB" => Laptop with { MemoryBytes = 3_900_000_000 },
        "freeze" => Laptop with { SleepStates = ["freeze"], MemorySleep = null },
        "no sleep" => Laptop with { SleepStates = ["disk"], MemorySleep = null },
        _ => throw new ArgumentOutOfRangeException(nameof(missing), missing, null),
    };

    [GeneratedRegex("8086|1002|1022|10de|1234|nvidia|intel|radeon", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Maker();
}
