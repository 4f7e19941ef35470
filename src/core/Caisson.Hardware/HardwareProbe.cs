using System.Globalization;

namespace Caisson.Hardware;

/// <summary>From facts to findings a person can act on. A pure function: whether and what was read was decided before.</summary>
public static class HardwareProbe
{
    /// <summary>MemTotal of a PC is up to a tenth below what was bought, so the limits are too: 4 and 8 GB.</summary>
    private const long LeastMemory = 3_500_000_000;
    private const long EnoughMemory = 7_000_000_000;

    /// <summary>Two versions of the system and one workspace with an image; then what more than one image takes.</summary>
    private const long LeastDisk = 32_000_000_000;
    private const long EnoughDisk = 100_000_000_000;

    /// <summary>Without these nothing runs; the rest costs a feature each.</summary>
    private static readonly string[] Needed = ["KVM", "memory", "disk"];

    /// <summary>Whether a no of this finding is a no to the whole.</summary>
    public static bool IsNeeded(Finding finding) => Needed.Contains(finding.Name);

    public static IReadOnlyList<Finding> Judge(HardwareFacts facts, KvmTrial trial) =>
    [
        Kvm(facts, trial),
        Iommu(facts),
        Tpm(facts),
        SecureBoot(facts),
        Gpu(facts),
        WiFi(facts),
        Disk(facts),
        Memory(facts),
        Suspend(facts),
    ];

    /// <summary>Of the PC as a whole: <see cref="Verdict.No"/> only where something is missing that nothing runs without.</summary>
    public static Verdict Overall(IReadOnlyList<Finding> findings) =>
        findings.Any(f => f.Verdict is Verdict.No && IsNeeded(f)) ? Verdict.No
        : findings.All(f => f.Verdict is Verdict.Ok) ? Verdict.Ok
        : Verdict.Degraded;

    private static Finding Kvm(HardwareFacts facts, KvmTrial trial)
    {
        var (verdict, reason) = (trial.Outcome, facts) switch
        {
            (KvmOutcome.Works, _) => (Verdict.Ok, trial.Reason),
            (KvmOutcome.Fails, _) => (Verdict.No, trial.Reason),
            (_, { CpuVirtualizes: false }) => (Verdict.No, "The processor shows neither VT-x nor AMD-V: switch virtualisation on in the firmware setup, or this is a VM without nesting."),
            (_, { KvmDevice: false }) => (Verdict.No, "There is no /dev/kvm: switch virtualisation on in the firmware setup, and see that the kernel has its KVM module."),
            _ => (Verdict.Degraded, $"There is a /dev/kvm, but it was not tried: {trial.Reason}"),
        };
        return new Finding("KVM", verdict, reason);
    }

    private static Finding Iommu(HardwareFacts facts) => facts.IommuGroups switch
    {
        null => new("IOMMU", Verdict.Degraded, "The kernel does not tell whether there is an IOMMU, so no GPU is given to a workspace."),
        0 => new("IOMMU", Verdict.Degraded, "It is off, or there is none: devices can write to all memory, and no GPU can be given to a workspace. Switch VT-d or AMD-Vi on in the firmware setup."),
        var groups => new("IOMMU", Verdict.Ok, string.Create(CultureInfo.InvariantCulture, $"On; it keeps {groups} groups of devices apart.")),
    };

    private static Finding Tpm(HardwareFacts facts)
    {
        var (verdict, reason) = facts.Tpms switch
        {
            [] => (Verdict.No, "There is none: the disk's key cannot be bound to this PC. Switch the TPM on in the firmware setup, where it may be called PTT or fTPM."),
            var tpms when tpms.Contains(2) => (Verdict.Ok, "There is one."),
            var tpms when tpms.Contains(1) => (Verdict.No, "Only a TPM 1.2 answers: look in the firmware setup whether it can be switched to 2.0 (PTT, fTPM)."),
            _ => (Verdict.Degraded, "There is a TPM, but it does not say of which version; update the firmware."),
        };
        return new Finding("TPM 2.0", verdict, reason);
    }

    private static Finding SecureBoot(HardwareFacts facts)
    {
        var (verdict, reason) = facts switch
        {
            { Uefi: false } => (Verdict.No, "This PC was started in BIOS mode: choose UEFI in the firmware setup, without CSM."),
            { SecureBoot: null } => (Verdict.Degraded, "The firmware does not tell whether it is on; look in the firmware setup."),
            { SetupMode: true } => (Verdict.Degraded, "The firmware is in setup mode and takes keys from anybody: enrol keys in the firmware setup."),
            { SecureBoot: false } => (Verdict.Degraded, "It is off, so the firmware starts whatever lies on the disk: switch it on in the firmware setup."),
            _ => (Verdict.Ok, "It is on."),
        };
        return new Finding("Secure Boot", verdict, reason);
    }

    private static Finding Gpu(HardwareFacts facts)
    {
        var gpus = facts.Pci.Gpus.ToList();
        var withOutputs = gpus.Where(gpu => gpu.HasOutputs).ToList();
        var (verdict, reason) = (withOutputs, withOutputs.Find(gpu => gpu.RenderNode is not null)) switch
        {
            ([], _) when gpus.Count > 0 => (Verdict.No, $"Only a GPU without outputs of its own was found ({gpus[0]}): switch the graphics of the processor on in the firmware setup."),
            ([], _) => (Verdict.No, "There is no display controller: nothing can be shown on this PC."),
            (_, { } drawing) => (Verdict.Ok, $"The {drawing} draws in 3D."),
            _ => (Verdict.Degraded, $"The {withOutputs[0]} shows a picture, but its driver draws nothing in 3D: workspaces draw with the processor. See that its firmware is installed."),
        };
        return new Finding("GPU", verdict, reason);
    }

    private static Finding WiFi(HardwareFacts facts)
    {
        var adapter = facts.Pci.Devices.FirstOrDefault(d => d.Class is { IsWireless: true });
        var (verdict, reason) = (facts.WirelessInterfaces, adapter) switch
        {
            ({ Count: > 0 } names, _) => (Verdict.Ok, $"Runs as {string.Join(", ", names)}."),
            (_, { Driver: null }) => (Verdict.Degraded, $"There is an adapter ({adapter}), but no driver took it: install its firmware, or a newer kernel."),
            (_, not null) => (Verdict.Degraded, $"There is an adapter ({adapter}), but it gives no network: install its firmware, or switch it on."),
            _ => (Verdict.No, "There is no adapter: this PC needs a cable."),
        };
        return new Finding("Wi-Fi", verdict, reason);
    }

    private static Finding Disk(HardwareFacts facts)
    {
        var largest = facts.Disks.Where(d => d.Removable is not true).OrderByDescending(d => d.Bytes ?? 0).FirstOrDefault();
        var (verdict, reason) = largest switch
        {
            null => (Verdict.No, "There is no built-in disk that the kernel can see: look in the firmware setup whether its controller is in a RAID mode, and choose AHCI or NVMe."),
            { Bytes: null } => (Verdict.Degraded, $"{largest.Name} does not tell its size."),
            { Bytes: < LeastDisk } => (Verdict.No, $"The largest disk, {largest.Name}, has {Gigabytes(largest.Bytes.Value)}; {Gigabytes(LeastDisk)} are the least."),
            { Bytes: < EnoughDisk } => (Verdict.Degraded, $"{largest.Name} has {Gigabytes(largest.Bytes.Value)}: enough for one workspace; {Gigabytes(EnoughDisk)} are better."),
            { Rotational: true } => (Verdict.Degraded, $"{largest.Name} has {Gigabytes(largest.Bytes.Value)}, but says that it turns: starts from it take minutes. An SSD is better."),
            _ => (Verdict.Ok, $"{largest.Name} has {Gigabytes(largest.Bytes!.Value)}."),
        };
        return new Finding("disk", verdict, reason);
    }

    private static Finding Memory(HardwareFacts facts)
    {
        var (verdict, reason) = facts.MemoryBytes switch
        {
            null => (Verdict.Degraded, "The kernel does not tell how much there is."),
            < LeastMemory and var few => (Verdict.No, $"{Gigabytes(few)} is too little for one workspace; 4 GB is the least."),
            < EnoughMemory and var some => (Verdict.Degraded, $"{Gigabytes(some)} is enough for one workspace; two side by side need 8 GB."),
            var enough => (Verdict.Ok, $"{Gigabytes(enough.Value)}."),
        };
        return new Finding("memory", verdict, reason);
    }

    private static Finding Suspend(HardwareFacts facts)
    {
        var (verdict, reason) = (facts.SleepStates, facts.MemorySleep) switch
        {
            (null, _) => (Verdict.Degraded, "The kernel does not tell how this PC sleeps; try the lid before relying on it."),
            ({ } states, { } memory) when states.Contains("mem") && memory.Contains("deep") => (Verdict.Ok, "Sleeps with everything off but memory (S3)."),
            ({ } states, { } memory) when states.Contains("mem") && memory.Contains("s2idle") => (Verdict.Ok, "Sleeps idle (s2idle): it wakes at once and uses more battery than S3."),
            ({ } states, _) when states.Contains("mem") => (Verdict.Degraded, "It sleeps, but does not tell how deep; try the lid before relying on it."),
            ({ } states, _) when states.Contains("freeze") => (Verdict.Degraded, "It only sleeps idle (freeze), as the kernel can do everywhere: a closed lid uses the battery up in hours."),
            _ => (Verdict.No, "It does not sleep: a closed lid shuts it down."),
        };
        return new Finding("suspend", verdict, reason);
    }

    private static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.#} GB");
}
