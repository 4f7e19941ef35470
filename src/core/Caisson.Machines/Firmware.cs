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
    public sealed record Uefi : Firmware;

    /// <summary>A kernel loaded by QEMU itself: for tests and the smallest guests.</summary>
    public sealed record DirectKernel(string Kernel, string? Initrd, string CommandLine) : Firmware;

    internal static IEnumerable<(string Name, string Value)> MachineProperties(WorkspaceSpec spec) =>
        spec.Firmware is Uefi ? [("pflash0", "firmware-code"), ("pflash1", "firmware-vars")] : [];

    internal static void Add(OptionList options, WorkspaceSpec spec, WorkspacePaths paths, QemuCapabilities capabilities)
    {
        switch (spec.Firmware)
        {
            case Uefi:
                options.Add("-blockdev", "", ("driver", "file"), ("node-name", "firmware-code-file"), ("filename", capabilities.OvmfCode), ("read-only", "on"));
                options.Add("-blockdev", "", ("driver", "raw"), ("node-name", "firmware-code"), ("file", "firmware-code-file"), ("read-only", "on"));
                options.Add("-blockdev", "", ("driver", "file"), ("node-name", "firmware-vars-file"), ("filename", paths.FirmwareVariables));
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
