using System.Text.Json.Serialization;

namespace Caisson.Machines;

/// <summary>How the machine boots.</summary>
[JsonDerivedType(typeof(Uefi), "uefi")]
[JsonDerivedType(typeof(DirectKernel), "kernel")]
public abstract record Firmware
{
    private Firmware()
    {
    }

    /// <summary>OVMF from the os volume, with variables of the workspace's own.</summary>
    public sealed record Uefi : Firmware
    {
        /// <summary>Starts only what Microsoft's keys signed; the guest cannot change that, because the variables are written in SMM alone.</summary>
        public bool SecureBoot { get; init; }
    }

    /// <summary>A kernel loaded by QEMU itself: for tests and the smallest guests.</summary>
    public sealed record DirectKernel(string Kernel, string? Initrd, string CommandLine) : Firmware;

    internal static bool IsSecure(WorkspaceSpec spec) => spec.Firmware is Uefi { SecureBoot: true };

    /// <summary>The workspace's own variables.</summary>
    internal static string Variables(WorkspaceSpec spec, WorkspacePaths paths) => IsSecure(spec) ? paths.SecureFirmwareVariables : paths.FirmwareVariables;

    /// <summary>What they are first copied from.</summary>
    internal static string Template(WorkspaceSpec spec, QemuCapabilities capabilities) =>
        IsSecure(spec) ? capabilities.OvmfSecureVariables ?? throw NoSecureFirmware(spec) : capabilities.OvmfVariables;

    private static MachineException NoSecureFirmware(WorkspaceSpec spec) => new(MachineError.Missing,
        $"Workspace {spec.Id} needs Secure Boot, and the firmware for it (OVMF_CODE_4M.secboot.fd, OVMF_VARS_4M.ms.fd) is not installed. Install it with: apt-get install ovmf");

    internal static IEnumerable<(string Name, string Value)> MachineProperties(WorkspaceSpec spec) =>
        spec.Firmware is Uefi ? [("pflash0", "firmware-code"), ("pflash1", "firmware-vars")] : [];

    internal static void Add(OptionList options, WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities)
    {
        switch (spec.Firmware)
        {
            case Uefi:
                var isSecure = IsSecure(spec);
                if (isSecure)
                {
                    options.Add("-global", "", ("driver", "cfi.pflash01"), ("property", "secure"), ("value", "on"));

                    // Waking from the guest's own sleep runs firmware code that SMM builds of OVMF do not support on q35.
                    options.Add("-global", "", ("driver", "ICH9-LPC"), ("property", "disable_s3"), ("value", "1"));
                }

                var code = isSecure ? capabilities.OvmfSecureCode ?? throw NoSecureFirmware(spec) : capabilities.OvmfCode;
                options.Add("-blockdev", "", ("driver", "file"), ("node-name", "firmware-code-file"), ("filename", code), ("read-only", "on"));
                options.Add("-blockdev", "", ("driver", "raw"), ("node-name", "firmware-code"), ("file", "firmware-code-file"), ("read-only", "on"));
                options.Add("-blockdev", "", ("driver", "file"), ("node-name", "firmware-vars-file"), ("filename", Variables(spec, paths)));
                options.Add("-blockdev", "", ("driver", "raw"), ("node-name", "firmware-vars"), ("file", "firmware-vars-file"));
                break;
            case DirectKernel kernel:
                options.AddVerbatim("-kernel", kernel.Kernel);
                if (kernel.Initrd is { } initrd)
                {
                    // -initrd splits at commas into several files; a doubled comma is one.
                    options.AddVerbatim("-initrd", initrd.Replace(",", ",,", StringComparison.Ordinal));
                }

                options.AddVerbatim("-append", kernel.CommandLine);
                break;
        }
    }
}
