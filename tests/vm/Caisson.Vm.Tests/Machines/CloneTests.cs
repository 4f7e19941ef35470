using Caisson.Testing;

namespace Caisson.Vm.Tests.Machines;

public sealed class CloneTests
{
    [Fact]
    public async Task A_guest_reads_from_its_configuration_drive_who_it_is()
    {
        await using var vm = await TestVm.BootAsync(
            (spec, guest, _) => spec with { HostName = "work-abcdefgh", Firmware = guest.Boot("caisson.config=1") }, TestContext.Current.CancellationToken);
        await vm.WaitForSerialAsync($"CAISSON-CONFIG caisson-{vm.Machine!.Spec.MachineId} work-abcdefgh");
        await vm.Machine.SuspendAsync(TestContext.Current.CancellationToken);
        await vm.Machine.RestartAsync(Caisson.Machines.StopMode.Kill, TimeSpan.Zero, null, TestContext.Current.CancellationToken);
    }
}
