using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Caisson.Machines;

public enum Accelerator
{
    /// <summary>Emulation: for tests and demonstrations, no security boundary.</summary>
    Tcg,
    Kvm,
}

/// <summary>What the installed QEMU can do and where its parts lie: the one value in which supported versions differ.</summary>
public sealed partial record QemuCapabilities
{
    private static readonly Version Oldest = new(7, 2);

    /// <summary>Where packages of virtio-win put it.</summary>
    private const string DriverDisk = "/usr/share/virtio-win/virtio-win.iso";

    public required string Qemu { get; init; }

    public required string QemuImg { get; init; }

    /// <summary>Null when swtpm is not installed; a workspace that asks for a TPM then fails with that reason.</summary>
    public required string? Swtpm { get; init; }

    public required string OvmfCode { get; init; }

    /// <summary>The template a workspace's own variables file is copied from.</summary>
    public required string OvmfVariables { get; init; }

    /// <summary>Firmware that keeps its variables to itself (SMM), and a template with Microsoft's keys; null where the package has none.</summary>
    public string? OvmfSecureCode { get; init; }

    public string? OvmfSecureVariables { get; init; }

    /// <summary>The disk with virtio drivers for Windows; null when it is not installed.</summary>
    public string? VirtioDrivers { get; init; }

    public required Version Version { get; init; }

    public required Accelerator Accelerator { get; init; }

    /// <summary>Model and features of this PC's processor, which a guest under KVM sees as they are; empty where nobody looked.</summary>
    public string HostProcessor { get; init; } = "";

    /// <summary>QEMU writes and reads a machine's memory by file name (since 8.2); older ones need an open file.</summary>
    public bool MigratesByFileName => Version >= new Version(8, 2);

    /// <summary>Pinned, so that a guest sees the same hardware until QEMU itself is upgraded across a supported version.</summary>
    public string MachineType => Version.Major >= 10 ? "pc-q35-10.0" : "pc-q35-7.2";

    /// <summary>Finds QEMU, its tools and firmware on this machine and asks its version.</summary>
    /// <exception cref="MachineException">Something needed is missing or QEMU is older than 7.2; the message names the remedy.</exception>
    public static async Task<QemuCapabilities> DetectAsync(Accelerator accelerator, CancellationToken cancellation)
    {
        var qemu = Executables.Find("qemu-system-x86_64") ?? throw Missing("qemu-system-x86_64", "qemu-system-x86");
        return new QemuCapabilities
        {
            Qemu = qemu,
            QemuImg = Executables.Find("qemu-img") ?? throw Missing("qemu-img", "qemu-utils"),
            Swtpm = Executables.Find("swtpm"),
            OvmfCode = FindFirmware("OVMF_CODE_4M.fd"),
            OvmfVariables = FindFirmware("OVMF_VARS_4M.fd"),
            OvmfSecureCode = LookForFirmware("OVMF_CODE_4M.secboot.fd"),
            OvmfSecureVariables = LookForFirmware("OVMF_VARS_4M.ms.fd"),
            VirtioDrivers = File.Exists(DriverDisk) ? DriverDisk : null,
            Version = ParseVersion(await Executables.ReadOutputAsync(qemu, ["--version"], cancellation)),
            Accelerator = accelerator,
            HostProcessor = await ReadHostProcessorAsync(cancellation),
        };
    }

    /// <summary>Reads "QEMU emulator version 7.2.22 (…)".</summary>
    /// <exception cref="MachineException">The text has no version, or one older than 7.2.</exception>
    public static Version ParseVersion(string text)
    {
        var match = VersionLine().Match(text);
        if (!match.Success || !Version.TryParse(match.Groups["version"].Value, out var version))
        {
            throw new MachineException(MachineError.Missing,
                "qemu-system-x86_64 did not say its version when asked with --version. Reinstall the package qemu-system-x86.");
        }

        return version >= Oldest
            ? version
            : throw new MachineException(MachineError.TooOld,
                $"QEMU {version} is too old: Caisson needs {Oldest} or newer, as in Debian 12. Upgrade the package qemu-system-x86.");
    }

    /// <summary>The first processor's model, and its features as a hash: hundreds of words.</summary>
    private static async Task<string> ReadHostProcessorAsync(CancellationToken cancellation)
    {
        var lines = await File.ReadAllLinesAsync("/proc/cpuinfo", cancellation);
        string First(string name) => lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim() ?? "";
        return $"{First("model name")} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(First("flags"))))[..16]}";
    }

    private static string FindFirmware(string file) => LookForFirmware(file) ?? throw Missing($"The UEFI firmware {file}", "ovmf");

    private static string? LookForFirmware(string file)
    {
        string[] folders = ["/usr/share/OVMF", "/usr/share/edk2/ovmf", "/usr/share/edk2/x64"];
        return folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);
    }

    private static MachineException Missing(string what, string package) =>
        new(MachineError.Missing, $"{what} is not installed. Install it with: apt-get install {package}");

    [GeneratedRegex(@"version (?<version>\d+\.\d+(\.\d+)?)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex VersionLine();
}
