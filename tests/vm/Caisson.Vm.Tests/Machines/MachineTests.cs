using Caisson.Machines;
using Caisson.Nbd;
using Caisson.Protocol;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Machines;

/// <summary>The driver against real QEMU and a real guest.</summary>
public sealed class MachineTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_guest_boots_speaks_is_seen_and_is_killed()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        var status = await vm.WaitForAsync(s => s.FirstHeartbeatAt is not null, "a heartbeat");
        Assert.Equal(WorkspaceState.Running, status.State);
        Assert.Equal(status.BootId.ToString(), status.GuestFacts["boot-id"]);
        Assert.Contains(TinyGuest.UpText, vm.SerialText, StringComparison.Ordinal);

        var picture = await vm.Machine!.ScreenshotAsync(Cancellation);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], picture[..4]);
        Assert.True(File.Exists(vm.Machine.VncSocketPath));

        await vm.Machine.StopAsync(StopMode.Kill, TimeSpan.Zero, Cancellation);
        Assert.Equal(WorkspaceState.Stopped, vm.Machine.Status.State);
        using var limit = new CancellationTokenSource(TestVm.Deadline);
        while (Directory.Exists($"/proc/{status.ProcessId}"))
        {
            // It has ended; .NET takes a moment to reap its child.
            await Task.Delay(10, limit.Token);
        }
    }

    [Fact]
    public async Task A_guest_that_is_asked_shuts_down_by_itself()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        await vm.WaitForSerialAsync(TinyGuest.UpText);
        await vm.Machine!.StopAsync(StopMode.Shutdown, Grace, Cancellation);
        Assert.Contains("CAISSON-TINY-DOWN", vm.SerialText, StringComparison.Ordinal);
        Assert.Equal(WorkspaceState.Stopped, vm.Machine.Status.State);
        Assert.Null(vm.Machine.Status.Problem);
    }

    [Fact]
    public async Task A_restart_is_a_new_boot_on_the_same_object()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        var first = await vm.WaitForAsync(s => s.BootId is not null, "the first boot's heartbeat");
        await vm.Machine!.RestartAsync(StopMode.Kill, TimeSpan.Zero, vm.Machine.Spec with { Name = "Second" }, Cancellation);
        var second = await vm.WaitForAsync(s => s.BootId is not null, "the second boot's heartbeat");
        Assert.NotEqual(first.BootId, second.BootId);
        Assert.Equal("Second", vm.Machine.Spec.Name);
    }

    [Fact]
    public async Task A_machine_whose_driver_is_gone_is_adopted_in_the_same_boot()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        var before = await vm.WaitForAsync(s => s.FirstHeartbeatAt is not null, "a heartbeat");
        await vm.Machine!.DisposeAsync();
        vm.Machine = await Machine.AdoptAsync(vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation);
        Assert.NotNull(vm.Machine);
        Assert.Equal(before.FirstHeartbeatAt, vm.Machine.Status.FirstHeartbeatAt);
        Assert.Equal(before.ProcessId, vm.Machine.Status.ProcessId);
        var after = await vm.WaitForAsync(s => s.LastHeartbeatAt > before.LastHeartbeatAt, "a heartbeat after the adoption");
        Assert.Equal(before.BootId, after.BootId);
        await vm.Machine.StopAsync(StopMode.Kill, TimeSpan.Zero, Cancellation);
        Assert.Null(await Machine.AdoptAsync(vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation));
    }

    [Fact]
    public async Task A_workspace_that_runs_is_not_started_twice()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        var refused = await Assert.ThrowsAsync<MachineException>(
            () => Machine.StartAsync(vm.Machine!.Spec, vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation));
        Assert.Equal(MachineError.AlreadyRunning, refused.Error);
        Assert.Equal(WorkspaceState.Running, vm.Machine!.Status.State);
    }

    [Fact]
    public async Task A_disk_whose_source_vanishes_holds_the_machine_and_the_guest_never_sees_an_error()
    {
        string socket = "", image = "";
        NbdServer Serve() => NbdServer.Listen(socket, "os", RawFileDevice.Open(image, isReadOnly: true), new NbdServerOptions());
        using var images = new TestFolder();
        (socket, image) = (images.File("nbd.sock"), images.File("image.raw"));
        await File.WriteAllBytesAsync(image, new byte[64 << 20], Cancellation);
        var server = Serve();
        await using var vm = await TestVm.BootAsync((spec, guest, _) => spec with
        {
            OsBase = new NbdBase(socket, "os") { ReconnectDelaySeconds = 1 },
            OsBytes = 64 << 20,
            Firmware = guest.Boot("caisson.read=loop"),
        }, Cancellation);
        await vm.WaitForSerialAsync("CAISSON-READ ok 64 MiB");
        await server.DisposeAsync();
        var held = await vm.WaitForAsync(s => s.State is WorkspaceState.WaitingForDisk, "the machine held");
        Assert.Contains("goes on by itself", held.Problem, StringComparison.Ordinal);

        await using var again = Serve();
        var running = await vm.WaitForAsync(s => s.State is WorkspaceState.Running, "the machine running again");
        Assert.Null(running.Problem);
        var heard = running.LastHeartbeatAt;
        await vm.WaitForAsync(s => s.LastHeartbeatAt > heard, "a heartbeat after the hold");
        Assert.DoesNotContain("error", vm.SerialText, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_guest_that_is_only_asked_and_does_not_shut_down_runs_on()
    {
        await using var vm = await TestVm.BootAsync((spec, guest, _) => spec with { Firmware = guest.Boot("caisson.button=off") }, Cancellation);
        var before = await vm.WaitForAsync(s => s.FirstHeartbeatAt is not null, "a heartbeat");

        var refused = await Assert.ThrowsAsync<MachineException>(() => vm.Machine!.StopAsync(StopMode.Ask, TimeSpan.FromSeconds(3), Cancellation));

        Assert.Equal(MachineError.NotShutDown, refused.Error);
        var after = await vm.WaitForAsync(s => s.LastHeartbeatAt > before.LastHeartbeatAt, "another heartbeat");
        Assert.Equal((before.BootId, WorkspaceState.Running), (after.BootId, after.State));
    }

    [Fact]
    public async Task A_guest_that_is_only_asked_and_hears_it_shuts_down()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        await vm.WaitForAsync(s => s.FirstHeartbeatAt is not null, "a heartbeat");
        await vm.Machine!.StopAsync(StopMode.Ask, TestVm.Deadline, Cancellation);
        Assert.Equal(WorkspaceState.Stopped, vm.Machine.Status.State);
    }

    [Fact]
    public async Task A_look_at_a_screen_that_stands_still_sees_nothing_move_and_a_personal_one_is_not_looked_at()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        await vm.WaitForAsync(s => s.FirstHeartbeatAt is not null, "a heartbeat");
        var first = await vm.Machine!.LookAsync(Cancellation);
        var change = (await vm.Machine.LookAsync(Cancellation)).ChangeSince(first);
        Assert.True(change is null or { Width: <= 128, Height: <= 128 });

        await using var personal = await TestVm.BootAsync((spec, _, _) => spec with { Kind = WorkspaceKind.Personal }, Cancellation);
        Assert.Equal(MachineError.Denied, (await Assert.ThrowsAsync<MachineException>(() => personal.Machine!.LookAsync(Cancellation))).Error);
    }

    [Fact]
    public async Task A_guest_that_panics_again_and_again_is_given_up_after_the_third_time()
    {
        await using var vm = await TestVm.BootAsync((spec, guest, _) => spec with { Firmware = guest.Boot("caisson.panic=1") }, Cancellation);
        var failed = await vm.WaitForAsync(s => s.State is WorkspaceState.Failed, "the machine given up");
        Assert.Equal(3, failed.Panics);
        Assert.Contains("panicked 3 times", failed.Problem, StringComparison.Ordinal);
        Assert.True(new FileInfo(vm.Paths.LastScreen).Length > 0);
    }

    [Fact]
    public async Task A_disposable_workspace_leaves_no_volume_and_a_managed_one_keeps_its_user_volume()
    {
        foreach (var kind in (WorkspaceKind[])[WorkspaceKind.Disposable, WorkspaceKind.Managed])
        {
            await using var vm = await TestVm.BootAsync((spec, _, _) => spec with { Kind = kind, UserVolumeBytes = 16 << 20 }, Cancellation);
            Assert.True(File.Exists(vm.Paths.UserVolume));
            await vm.Machine!.StopAsync(StopMode.Kill, TimeSpan.Zero, Cancellation);
            Assert.Equal(kind is WorkspaceKind.Managed, File.Exists(vm.Paths.UserVolume));
            Assert.Equal(kind is WorkspaceKind.Managed, File.Exists(vm.Paths.IdentityVolume));
        }
    }

    [Fact]
    public async Task What_a_disposable_guest_wrote_to_its_os_volume_is_gone_with_its_files_at_its_stop()
    {
        const int size = 8 << 20;
        await using var vm = await TestVm.BootAsync((spec, guest, folder) =>
        {
            File.WriteAllBytes(folder.File("image.raw"), new byte[size]);
            return spec with
            {
                Kind = WorkspaceKind.Disposable,
                OsBase = new RawBase(folder.File("image.raw")),
                OsBytes = size,
                UserVolumeBytes = 16 << 20,
                Firmware = guest.Boot("caisson.write=2", "caisson.sum=1"),
            };
        }, Cancellation);
        await vm.WaitForSerialAsync("CAISSON-WRITE ok 2 MiB");
        await vm.WaitForSerialAsync("CAISSON-SUM ");
        var pristine = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(new byte[size]));
        Assert.DoesNotContain(pristine, vm.SerialText, StringComparison.Ordinal);

        var spec = vm.Machine!.Spec;
        await vm.Machine.StopAsync(StopMode.Shutdown, Grace, Cancellation);
        Assert.All((string[])[vm.Paths.OsVolume, vm.Paths.IdentityVolume, vm.Paths.UserVolume], file => Assert.False(File.Exists(file), file));
        await vm.Machine.DisposeAsync();

        var guest = await TinyGuest.GetAsync(Cancellation);
        vm.Machine = await Machine.StartAsync(spec with { Firmware = guest.Boot("caisson.sum=1") }, vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation);
        await vm.WaitForSerialAsync("CAISSON-SUM " + pristine);
    }
}
