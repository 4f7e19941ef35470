using Caisson.Machines;
using Caisson.Protocol;
using Caisson.Testing;
using Caisson.Vm.Tests.Images;

namespace Caisson.Vm.Tests.Machines;

/// <summary>A guest that is put to disk and taken up again must not notice, and nothing in between may cost it more than a pulled plug.</summary>
public sealed class SuspendTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Task<Machine> StartAgainAsync(TestVm vm, WorkspaceSpec spec) =>
        Machine.StartAsync(spec, vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation);

    private static Task<MachineStatus> HeartbeatAsync(TestVm vm) => vm.WaitForAsync(s => s.State == WorkspaceState.Running && s.BootId is not null, "a heartbeat");

    [Fact]
    public async Task A_guest_goes_on_where_it_was_suspended_with_its_disks_and_its_TPM()
    {
        await using var vm = await TestVm.BootAsync((spec, guest, _) => spec with
        {
            Tpm = Executable("swtpm"),
            UserVolumeBytes = 64 << 20,
            Firmware = guest.Boot("caisson.read=loop"),
        }, Cancellation);
        var before = await HeartbeatAsync(vm);
        await vm.WaitForSerialAsync("CAISSON-READ ok");
        var (spec, pid) = (vm.Machine!.Spec, vm.Machine.Status.ProcessId!.Value);

        await vm.Machine.SuspendAsync(Cancellation);
        Assert.Equal(WorkspaceState.Suspended, vm.Machine.Status.State);
        Assert.True(Machine.IsSuspended(vm.Paths));
        Assert.False(Runs(pid), "no QEMU runs of a suspended workspace");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(vm.Paths.SuspendedMemory));
        await vm.Machine.DisposeAsync();

        vm.Machine = await StartAgainAsync(vm, spec with { MemoryMiB = 512 });
        Assert.False(Machine.IsSuspended(vm.Paths));
        Assert.False(File.Exists(vm.Paths.SuspendedMemory));
        var after = await HeartbeatAsync(vm);
        Assert.Equal(before.BootId, after.BootId);
        Assert.Equal(256, vm.Machine.Spec.MemoryMiB);
        await vm.WaitForSerialAsync("CAISSON-READ ok");
        Assert.DoesNotContain("CAISSON-TINY-UP", vm.SerialText, StringComparison.Ordinal);
        Assert.DoesNotContain("error", vm.SerialText, StringComparison.OrdinalIgnoreCase);

        await vm.Machine.SuspendAsync(Cancellation);
        await vm.Machine.RestartAsync(StopMode.Kill, TimeSpan.Zero, null, Cancellation);
        Assert.Equal(before.BootId, (await HeartbeatAsync(vm)).BootId);
    }

    /// <summary>As kill -9 of caissond leaves it, at any moment of the way to the disk and back.</summary>
    [Fact]
    public async Task Whenever_the_driver_dies_the_guest_is_suspended_or_runs_on_and_is_the_same()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        var first = await HeartbeatAsync(vm);
        var spec = vm.Machine!.Spec;
        var seen = new HashSet<bool>();
        foreach (var milliseconds in (int[])[0, 20, 150, 2000])
        {
            var asked = vm.Machine!.SuspendAsync(Cancellation);
            await Task.Delay(milliseconds, Cancellation);
            await vm.Machine.DisposeAsync();
            await ((Task)asked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

            vm.Machine = await Machine.AdoptAsync(vm.Paths, vm.Capabilities, TimeProvider.System, Cancellation);
            Assert.Equal(vm.Machine is null, Machine.IsSuspended(vm.Paths));
            seen.Add(vm.Machine is null);
            vm.Machine ??= await StartAgainAsync(vm, spec);
            var next = await vm.WaitForAsync(s => s.State == WorkspaceState.Running && s.LastHeartbeatAt is not null, "a heartbeat");
            Assert.Equal(first.BootId, next.BootId);
            Assert.False(Machine.IsSuspended(vm.Paths));
        }

        Assert.Contains(true, seen);
    }

    [Fact]
    public async Task A_full_disk_leaves_the_workspace_running_and_says_so()
    {
        var capabilities = await TestVm.NeedQemuAsync(Cancellation);
        var guest = await TinyGuest.GetAsync(Cancellation);
        using var disk = new SmallDisk(32);
        using var run = new TestFolder();
        var paths = new WorkspacePaths(disk["state"], run.File("run"));
        var spec = new WorkspaceSpec
        {
            Id = new WorkspaceId("test"), MachineId = Guid.NewGuid(), Name = "Work", Kind = WorkspaceKind.Managed, MemoryMiB = 256, Cpus = 1, Firmware = guest.Boot(),
        };
        await using var machine = await Machine.StartAsync(spec, paths, capabilities, TimeProvider.System, Cancellation);
        try
        {
            var bootId = await NextHeartbeatAsync(machine, DateTimeOffset.MinValue);
            var refused = await Assert.ThrowsAsync<MachineException>(() => machine.SuspendAsync(Cancellation));
            Assert.Contains("Work could not be suspended and runs on: the PC's disk is full.", refused.Message, StringComparison.Ordinal);
            Assert.Equal((WorkspaceState.Running, refused.Message), (machine.Status.State, machine.Status.Problem));
            Assert.Empty(Directory.GetFiles(paths.StateDirectory, "suspended*"));
            Assert.Equal(bootId, await NextHeartbeatAsync(machine, TimeProvider.System.GetUtcNow()));
        }
        finally
        {
            await machine.StopAsync(StopMode.Kill, TimeSpan.Zero, CancellationToken.None);
        }
    }

    [Fact]
    public async Task Memory_that_fits_no_more_is_given_up_with_a_notice_and_the_guest_starts_afresh()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        var before = await HeartbeatAsync(vm);
        await vm.Machine!.SuspendAsync(Cancellation);
        File.WriteAllText(vm.Paths.Suspension, File.ReadAllText(vm.Paths.Suspension).Replace($"QEMU {vm.Capabilities.Version}", "QEMU 7.2.0", StringComparison.Ordinal));

        await vm.Machine.RestartAsync(StopMode.Kill, TimeSpan.Zero, null, Cancellation);
        var after = await HeartbeatAsync(vm);
        Assert.NotEqual(before.BootId, after.BootId);
        Assert.Contains($"QEMU 7.2.0 became QEMU {vm.Capabilities.Version}", after.Notice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_that_cannot_be_loaded_is_kept_for_one_more_try_and_then_given_up()
    {
        await using var vm = await TestVm.BootAsync((spec, _, _) => spec, Cancellation);
        var before = await HeartbeatAsync(vm);
        await vm.Machine!.SuspendAsync(Cancellation);
        using (var memory = File.OpenWrite(vm.Paths.SuspendedMemory))
        {
            memory.SetLength(memory.Length / 2);
        }

        for (var attempt = 0; attempt < 2; attempt++)
        {
            var refused = await Assert.ThrowsAsync<MachineException>(() => vm.Machine.RestartAsync(StopMode.Kill, TimeSpan.Zero, null, Cancellation));
            Assert.Contains("could not be loaded", refused.Message, StringComparison.Ordinal);
            Assert.Equal(WorkspaceState.Suspended, vm.Machine.Status.State);
        }

        await vm.Machine.RestartAsync(StopMode.Kill, TimeSpan.Zero, null, Cancellation);
        var after = await HeartbeatAsync(vm);
        Assert.NotEqual(before.BootId, after.BootId);
        Assert.Contains("could not be loaded, 2 times", after.Notice, StringComparison.Ordinal);
    }

    private static async Task<Guid?> NextHeartbeatAsync(Machine machine, DateTimeOffset since)
    {
        using var limit = new CancellationTokenSource(TestVm.Deadline);
        await foreach (var status in machine.WatchAsync(limit.Token))
        {
            if (status.LastHeartbeatAt > since)
            {
                return status.BootId;
            }
        }

        throw new TimeoutException("no heartbeat");
    }

    private static bool Executable(string name) => File.Exists("/usr/bin/" + name);

    /// <summary>A zombie, which nobody has waited for yet, runs nothing.</summary>
    private static bool Runs(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
