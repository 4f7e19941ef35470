using Caisson.Machines;
using Caisson.Protocol;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Machines;

/// <summary>What a start needs, and what it says when that is missing.</summary>
public sealed class StartTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_UEFI_machine_with_a_TPM_shows_its_firmware()
    {
        Requirement.Program("swtpm");
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec with { Firmware = new Firmware.Uefi(), Tpm = true }, Cancellation);
        await vm.WaitForSerialAsync("BdsDxe");
        Assert.NotEmpty(Directory.GetFiles(vm.Paths.TpmDirectory));
        await vm.Machine!.ScreenshotAsync(Cancellation);
    }

    [Fact]
    public async Task KVM_is_believed_only_when_a_kernel_runs_under_it()
    {
        Requirement.Program("qemu-system-x86_64");
        var guest = await TinyGuest.GetAsync(Cancellation);
        var choice = await AcceleratorProbe.RunAsync(new ProbeKernel(guest.Kernel, guest.Initrd, TinyGuest.UpText), TimeProvider.System, Cancellation);
        Assert.EndsWith(".", choice.Reason, StringComparison.Ordinal);
        Assert.StartsWith(choice.Accelerator is Accelerator.Kvm ? "KVM:" : "Emulation (TCG", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KVM_is_tried_with_any_kernel_and_the_trial_ends_within_its_limit()
    {
        Requirement.Program("qemu-system-x86_64");
        var guest = await TinyGuest.GetAsync(Cancellation);
        var begun = TimeProvider.System.GetTimestamp();
        var choice = await AcceleratorProbe.RunAsync(ProbeKernel.Stock(guest.Kernel), TimeProvider.System, Cancellation);
        Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromSeconds(15), choice.Reason);
        Assert.EndsWith(".", choice.Reason, StringComparison.Ordinal);
        Assert.StartsWith(choice.Accelerator is Accelerator.Kvm ? "KVM:" : "Emulation (TCG", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_kernel_KVM_is_not_believed()
    {
        var choice = await AcceleratorProbe.RunAsync(null, TimeProvider.System, Cancellation);
        Assert.Equal(Accelerator.Tcg, choice.Accelerator);
        Assert.EndsWith(".", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_image_file_a_missing_swtpm_and_a_broken_QEMU_are_named()
    {
        var capabilities = await TestVm.NeedQemuAsync(Cancellation);
        using var folder = new TestFolder();
        var spec = new WorkspaceSpec
        {
            Id = new WorkspaceId("broken"),
            MachineId = Guid.NewGuid(),
            Name = "Broken",
            Kind = WorkspaceKind.Managed,
            MemoryMiB = 128,
            Cpus = 1,
            OsBytes = 1 << 20,
            Firmware = new Firmware.DirectKernel(folder.File("no-kernel"), null, ""),
        };
        Task<Machine> Start(WorkspaceSpec wanted, QemuCapabilities with) =>
            Machine.StartAsync(wanted, TestVm.PathsIn(folder), with, TimeProvider.System, Cancellation);

        var image = await Assert.ThrowsAsync<MachineException>(() => Start(spec with { OsBase = new RawBase(folder.File("none.raw")) }, capabilities));
        Assert.Equal(MachineError.Volume, image.Error);
        var tpm = await Assert.ThrowsAsync<MachineException>(() => Start(spec with { Tpm = true }, capabilities with { Swtpm = null }));
        Assert.Contains("apt-get install swtpm", tpm.Message, StringComparison.Ordinal);
        var kernel = await Assert.ThrowsAsync<MachineException>(() => Start(spec, capabilities));
        Assert.Equal(MachineError.StartFailed, kernel.Error);
        Assert.Contains("no-kernel", kernel.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kept_os_volume_is_refused_over_another_generation()
    {
        await using var vm = await TestVm.BootAsync((spec, _, folder) =>
        {
            File.WriteAllBytes(folder.File("image.raw"), new byte[8 << 20]);
            return spec with { Kind = WorkspaceKind.Personal, OsBase = new RawBase(folder.File("image.raw")), OsBaseId = "sha256:one", OsBytes = 8 << 20 };
        }, Cancellation);
        var refused = await Assert.ThrowsAsync<MachineException>(
            () => vm.Machine!.RestartAsync(StopMode.Kill, TimeSpan.Zero, vm.Machine.Spec with { OsBaseId = "sha256:two" }, Cancellation));
        Assert.Equal(MachineError.WrongBase, refused.Error);
        Assert.Equal(WorkspaceState.Failed, vm.Machine!.Status.State);
    }
}
