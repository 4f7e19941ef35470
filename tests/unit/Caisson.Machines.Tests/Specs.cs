using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Machines.Tests;

internal static class Specs
{
    public static readonly WorkspacePaths Paths = new("/var/lib/caisson/workspaces/work", "/run/caisson/work");

    public static WorkspaceSpec Managed => new()
    {
        Id = new WorkspaceId("work"),
        MachineId = new Guid("6f1d2c4e-8a3b-4c5d-9e7f-0a1b2c3d4e5f"),
        Name = "Work",
        Kind = WorkspaceKind.Managed,
        MemoryMiB = 2048,
        Cpus = 2,
        OsBase = new NbdBase("/run/caisson/images/work.sock", "work@1"),
        OsBytes = 8L << 30,
        UserVolumeBytes = 1L << 30,
        Tpm = true,
        Firmware = new Firmware.Uefi(),
    };

    public static WorkspaceSpec Personal => Managed with
    {
        Id = new WorkspaceId("personal"),
        Name = "Personal",
        Kind = WorkspaceKind.Personal,
        OsBase = new RawBase("/var/lib/caisson/images/personal/image.raw"),
        Tpm = false,
        UserVolumeBytes = 0,
        Network = NetworkMode.User,
    };

    public static WorkspaceSpec Tiny => Managed with
    {
        Id = new WorkspaceId("tiny"),
        Name = "Tiny, with a comma",
        Kind = WorkspaceKind.Disposable,
        MemoryMiB = 256,
        Cpus = 1,
        OsBase = null,
        OsBytes = 0,
        UserVolumeBytes = 0,
        Tpm = false,
        Firmware = new Firmware.DirectKernel("/guests/tiny/vmlinuz", "/guests/tiny/initrd", "console=ttyS0 quiet"),
    };

    public static WorkspaceSpec OfGl => Managed with { Graphics = new Graphics.VirtioGl("/dev/dri/renderD128", GlScreen.Stream) };

    public static WorkspaceSpec OfCard => Personal with
    {
        Graphics = new Graphics.Passthrough(["0000:01:00.0", "0000:01:00.1", "0000:01:00.2", "0000:01:00.3"], HasOutputs: true),
    };

    public static WorkspaceSpec Secure => Managed with { Firmware = new Firmware.Uefi { SecureBoot = true }, HostName = "work-abcdefgh" };

    public static WorkspaceSpec Windows => Managed with { Os = GuestOs.Windows, HostName = "work-abcdefgh", Firmware = new Firmware.Uefi { SecureBoot = true } };

    public static QemuCapabilities Capabilities(Version version, Accelerator accelerator) => new()
    {
        Qemu = "/usr/bin/qemu-system-x86_64",
        QemuImg = "/usr/bin/qemu-img",
        Swtpm = "/usr/bin/swtpm",
        OvmfCode = "/usr/share/OVMF/OVMF_CODE_4M.fd",
        OvmfVariables = "/usr/share/OVMF/OVMF_VARS_4M.fd",
        OvmfSecureCode = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
        OvmfSecureVariables = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd",
        VirtioDrivers = "/usr/share/virtio-win/virtio-win.iso",
        Version = version,
        Accelerator = accelerator,
    };
}
