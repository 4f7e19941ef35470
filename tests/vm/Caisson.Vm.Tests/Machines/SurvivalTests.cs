using Caisson.Machines;
using Caisson.Nbd;
using Caisson.Protocol;
using Caisson.Qmp;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Machines;

/// <summary>What must outlive caissond, and what must be found again.</summary>
public sealed class SurvivalTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task QEMU_and_swtpm_lead_sessions_of_their_own_so_that_our_end_is_not_theirs()
    {
        Requirement.Program("swtpm");
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec with { Tpm = true }, Cancellation);
        var tpm = int.Parse(File.ReadAllText(vm.Paths.TpmProcess).Split(' ')[0], null);
        var qemu = vm.Machine!.Status.ProcessId!.Value;
        Assert.Equal((qemu, tpm), (SessionOf(qemu), SessionOf(tpm)));

        await vm.Machine.StopAsync(StopMode.Kill, TimeSpan.Zero, Cancellation);
        Assert.True(!File.Exists($"/proc/{tpm}/stat") || StateOf(tpm) == "Z", "swtpm ends with its QEMU");
        Assert.True(Directory.Exists(vm.Paths.TpmDirectory), "a managed workspace keeps its TPM's state");
    }

    [Fact]
    public async Task A_machine_held_while_nobody_drove_it_goes_on_after_the_adoption()
    {
        using var images = new TestFolder();
        var (socket, image) = (images.File("nbd.sock"), images.File("image.raw"));
        await File.WriteAllBytesAsync(image, new byte[64 << 20], Cancellation);
        NbdServer Serve() => NbdServer.Listen(socket, "os", RawFileDevice.Open(image, isReadOnly: true), new NbdServerOptions());
        var server = Serve();
        await using var vm = await TestVm.BootAsync((spec, guest, _) => spec with
        {
            OsBase = new NbdBase(socket, "os") { ReconnectDelaySeconds = 1 },
            OsBytes = 64 << 20,
            Firmware = guest.Boot("caisson.read=loop"),
        }, Cancellation);
        var before = await vm.WaitForAsync(s => s.FirstHeartbeatAt is not null, "a heartbeat");

        // As kill -9 of caissond does it: the driver and the image's server end together.
        await vm.Machine!.DisposeAsync();
        vm.Machine = null;
        await server.DisposeAsync();
        await using (var monitor = await QmpClient.ConnectAsync(vm.Paths.QmpSocket, Cancellation))
        {
            while (await monitor.QueryStatusAsync(Cancellation) != "io-error")
            {
                await Task.Delay(50, Cancellation);
            }
        }

        await using var again = Serve();
        vm.Machine = await Machine.AdoptAsync(vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation);
        Assert.Equal(WorkspaceState.WaitingForDisk, vm.Machine!.Status.State);
        var after = await vm.WaitForAsync(s => s.State is WorkspaceState.Running && s.LastHeartbeatAt is not null, "a heartbeat after the hold");
        Assert.Equal(before.BootId, after.BootId);
        Assert.Equal(before.FirstHeartbeatAt, after.FirstHeartbeatAt);
        Assert.DoesNotContain("error", vm.SerialText, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_machine_that_died_while_nobody_drove_it_is_not_adopted_and_can_be_started()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec with { Kind = WorkspaceKind.Disposable }, Cancellation);
        var (spec, pid) = (vm.Machine!.Spec, vm.Machine.Status.ProcessId!.Value);
        await vm.Machine.DisposeAsync();
        vm.Machine = null;
        System.Diagnostics.Process.GetProcessById(pid).Kill();
        using var limit = new CancellationTokenSource(TestVm.Deadline);
        while (File.Exists($"/proc/{pid}/stat") && StateOf(pid) != "Z")
        {
            await Task.Delay(10, limit.Token);
        }

        Assert.Null(await Machine.AdoptAsync(vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation));
        Assert.False(File.Exists(vm.Paths.IdentityVolume), "a disposable workspace that died leaves no volume");
        vm.Machine = await Machine.StartAsync(spec, vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation);
        await vm.WaitForAsync(s => s.FirstHeartbeatAt is not null, "a heartbeat of the new start");
    }

    [Fact]
    public async Task A_killed_QEMU_is_a_failure_with_a_reason_and_a_restart_cures_it()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        System.Diagnostics.Process.GetProcessById(vm.Machine!.Status.ProcessId!.Value).Kill();
        var failed = await vm.WaitForAsync(s => s.State is WorkspaceState.Failed, "the failure");
        Assert.Contains("QEMU ended unasked", failed.Problem, StringComparison.Ordinal);
        await vm.Machine.RestartAsync(StopMode.Kill, TimeSpan.Zero, null, Cancellation);
        Assert.Equal(WorkspaceState.Running, vm.Machine.Status.State);
    }

    private static int SessionOf(int pid) => int.Parse(FieldsAfterName(pid)[3], null);

    private static string StateOf(int pid) => FieldsAfterName(pid)[0];

    private static string[] FieldsAfterName(int pid) => File.ReadAllText($"/proc/{pid}/stat").Split(") ")[^1].Split(' ');
}
