using System.Globalization;

namespace Caisson.Machines;

/// <summary>Whether a suspended machine goes on where it was.</summary>
internal abstract record ResumeDecision
{
    private ResumeDecision()
    {
    }

    /// <summary>As the spec it was suspended with; only where its image lies now may differ.</summary>
    internal sealed record Resume(WorkspaceSpec Spec) : ResumeDecision;

    /// <summary>An ordinary start instead; the sentence says why, and what that costs.</summary>
    internal sealed record StartAfresh(string Why) : ResumeDecision;
}

/// <summary>
/// When memory on disk still fits: the same machine, the same generation below it, the same QEMU with the same devices. QEMU itself would find
/// some differences while loading and miss others, so nothing is left to it.
/// </summary>
internal static class SuspensionRule
{
    /// <summary>One more than a chance: a PC that was short of memory for once must not cost somebody's work.</summary>
    private const int MostAttempts = 2;

    /// <summary>What the guest can see of its machine. Disks' paths and formats are QEMU's business alone, and may change.</summary>
    private static readonly HashSet<string> Seen = new(["-machine", "-accel", "-cpu", "-smp", "-m", "-uuid", "-smbios", "-rtc", "-global", "-device"], StringComparer.Ordinal);

    /// <summary>Why a machine of this spec cannot be suspended at all; null when it can.</summary>
    public static string? Objection(WorkspaceSpec spec) => spec.Graphics is Graphics.Framebuffer
        ? null
        : $"Workspace {spec.Id} draws with a GPU of this PC, whose state cannot be saved. Shut it down instead.";

    /// <summary>Everything the memory depends on, a line each; two machines with the same lines can take each other's memory.</summary>
    public static IReadOnlyList<string> MachineOf(WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities) =>
    [
        $"QEMU {capabilities.Version}",
        .. capabilities.Accelerator is Accelerator.Kvm ? (string[])[$"processor {capabilities.HostProcessor}"] : [],
        .. QemuCommandLine.From(spec, paths, capabilities).Options.Where(option => Seen.Contains(option.Flag)).Select(option => $"{option}"),
    ];

    /// <param name="saved">What lies on the disk.</param>
    /// <param name="wanted">The machine that would be started otherwise.</param>
    /// <param name="machineOf">This PC's lines of a spec: <see cref="MachineOf"/>.</param>
    public static ResumeDecision Decide(Suspension saved, WorkspaceSpec wanted, Func<WorkspaceSpec, IReadOnlyList<string>> machineOf)
    {
        if ((saved.Spec.Id, saved.Spec.MachineId, saved.Spec.Kind) != (wanted.Id, wanted.MachineId, wanted.Kind))
        {
            return Afresh(wanted, "what was saved is of another machine");
        }

        if (saved.Spec.OsBaseId != wanted.OsBaseId)
        {
            return Afresh(wanted, "its generation has changed");
        }

        if (saved.Attempts >= MostAttempts)
        {
            return Afresh(wanted, $"what was saved could not be loaded, {MostAttempts.ToString(CultureInfo.InvariantCulture)} times");
        }

        var spec = saved.Spec with { OsBase = wanted.OsBase };
        return Difference(saved.Machine, machineOf(spec)) is { } difference
            ? Afresh(wanted, $"QEMU or this PC is not what it was ({difference})")
            : new ResumeDecision.Resume(spec);
    }

    private static ResumeDecision.StartAfresh Afresh(WorkspaceSpec spec, string why) =>
        new($"{spec.Name} could not go on where it was suspended, because {why}. It was started afresh; what was open and not saved is gone.");

    private static string? Difference(IReadOnlyList<string> saved, IReadOnlyList<string> now)
    {
        var gone = saved.Except(now, StringComparer.Ordinal).FirstOrDefault();
        var came = now.Except(saved, StringComparer.Ordinal).FirstOrDefault();
        return (gone, came) switch
        {
            (null, null) => saved.SequenceEqual(now, StringComparer.Ordinal) ? null : "the order of its devices",
            (null, _) => $"now also {came}",
            (_, null) => $"no longer {gone}",
            _ => $"{gone} became {came}",
        };
    }
}
