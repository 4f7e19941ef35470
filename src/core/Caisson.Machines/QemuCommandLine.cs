using System.Globalization;
using Caisson.Protocol;

namespace Caisson.Machines;

/// <summary>
/// The exact words QEMU is started with; a pure function of spec, paths and capabilities, one file per device family.
/// The machine starts with its CPUs stopped (-S): the driver connects first, so no early event or heartbeat is lost.
/// </summary>
public sealed record QemuCommandLine(string Executable, IReadOnlyList<QemuOption> Options)
{
    public IEnumerable<string> Arguments => Options.SelectMany(option => option.Value is null ? (string[])[option.Flag] : [option.Flag, option.Value]);

    /// <param name="spec">What the machine is.</param>
    /// <param name="paths">Where its files lie.</param>
    /// <param name="capabilities">Which QEMU it is for.</param>
    /// <param name="resumes">It waits for its memory instead of beginning with a reset.</param>
    public static QemuCommandLine From(WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities, bool resumes = false)
    {
        var options = new OptionList();
        AddProcess(options, spec);
        AddMachine(options, spec, paths, capabilities);
        Tpm.Add(options, spec, paths);
        Disks.Add(options, spec, paths);
        Display.Add(options, spec, paths);
        ConfigDrive.Add(options, spec, paths, capabilities);
        GuestChannel.Add(options, paths);
        Network.Add(options, spec);
        AddControl(options, paths);
        if (resumes)
        {
            options.AddVerbatim("-incoming", "defer");
        }

        return new QemuCommandLine(capabilities.Qemu, options.Options);
    }

    private static void AddProcess(OptionList options, WorkspaceSpec spec)
    {
        options.Add("-name", "", ("guest", spec.Name), ("process", $"caisson-{spec.Id}"), ("debug-threads", "on"));
        options.AddVerbatim("-uuid", spec.MachineId.ToString()); // The SMBIOS machine id.
        options.Add("-no-user-config");
        options.Add("-nodefaults");
        options.Add("-sandbox", "on", ("obsolete", "deny"), ("elevateprivileges", "deny"), ("spawn", "deny"), ("resourcecontrol", "deny"));
        options.Add("-msg", "", ("timestamp", "on"));
    }

    private static void AddMachine(OptionList options, WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities)
    {
        var machine = new List<(string, string)> { ("vmport", "off"), ("smm", Firmware.IsSecure(spec) ? "on" : "off"), ("dump-guest-core", "off"), ("hpet", "off") };
        machine.AddRange(Firmware.MachineProperties(spec));
        options.Add("-machine", capabilities.MachineType, [.. machine]);
        if (capabilities.Accelerator is Accelerator.Kvm)
        {
            options.Add("-accel", "kvm");
            options.Add("-cpu", "host", Enlightenments(spec));
        }
        else
        {
            // tb-size: QEMU's default translation buffer would take half a gigabyte per machine. qemu64: fewer features to emulate, boots 7 to 37 % sooner than max.
            options.Add("-accel", "tcg", ("thread", "multi"), ("tb-size", "256"));
            options.Add("-cpu", "qemu64");
        }

        options.Add("-smp", spec.Cpus.ToString(CultureInfo.InvariantCulture));
        options.Add("-m", "", ("size", spec.MemoryMiB.ToString(CultureInfo.InvariantCulture) + "M"));
        options.Add("-rtc", "", spec.Os == GuestOs.Windows ? [("base", "localtime"), ("driftfix", "slew")] : [("base", "utc")]);
        options.Add("-boot", "", ("strict", "on"));
        Firmware.Add(options, spec, paths, capabilities);
        options.Add("-object", "rng-builtin", ("id", "rng"));
        options.Add("-device", "virtio-rng-pci", ("rng", "rng"));
        options.Add("-device", "virtio-balloon-pci", ("free-page-reporting", "on"));
        options.Add("-device", "pvpanic");

        // A panicked guest is held, counted and reset by the driver; it never takes QEMU with it.
        options.Add("-action", "", ("panic", "pause"));
    }

    /// <summary>What Windows knows of Hyper-V and does cheaper with it; KVM's own for other guests needs no word. Emulation has none of them.</summary>
    private static (string, string)[] Enlightenments(WorkspaceSpec spec) => spec.Os is not GuestOs.Windows ? [] :
    [
        ("hv-relaxed", "on"), ("hv-vapic", "on"), ("hv-spinlocks", "0x1fff"), ("hv-vpindex", "on"), ("hv-runtime", "on"), ("hv-time", "on"),
        ("hv-synic", "on"), ("hv-stimer", "on"), ("hv-frequencies", "on"), ("hv-tlbflush", "on"), ("hv-ipi", "on"),
    ];

    private static void AddControl(OptionList options, WorkspacePaths paths)
    {
        options.Add("-chardev", "file", ("id", "serial"), ("path", paths.SerialLog), ("append", "on"));
        options.Add("-serial", "chardev:serial");
        options.Add("-chardev", "socket", ("id", "qmp"), ("path", paths.QmpSocket), ("server", "on"), ("wait", "off"));
        options.Add("-mon", "", ("chardev", "qmp"), ("mode", "control"));
        options.Add("-S");
    }
}
