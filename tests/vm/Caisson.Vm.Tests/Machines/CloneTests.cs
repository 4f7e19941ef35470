using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Caisson.FileSystems;
using Caisson.Machines;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Machines;

/// <summary>What a clone is told, as others read it: a guest, our reader of file systems, the checker of FAT disks, OpenSSH.</summary>
public sealed class CloneTests
{
    [Fact]
    public async Task A_guest_reads_from_its_configuration_drive_who_it_is()
    {
        Requirement.Program("fsck.fat");
        Requirement.Program("ssh-keygen");
        await using var vm = await TestVm.BootAsync(
            (spec, guest, _) => spec with { HostName = "work-abcdefgh", Firmware = guest.Boot("caisson.config=1") }, TestContext.Current.CancellationToken);
        await vm.WaitForSerialAsync($"CAISSON-CONFIG caisson-{vm.Machine!.Spec.MachineId} work-abcdefgh");
        await vm.Machine.SuspendAsync(TestContext.Current.CancellationToken);
        await vm.Machine.RestartAsync(StopMode.Kill, TimeSpan.Zero, null, TestContext.Current.CancellationToken);

        Output("fsck.fat", "-n", vm.Paths.ConfigDrive);
        var told = JsonNode.Parse(Read(vm.Paths.ConfigDrive, "/user-data")["#cloud-config\n".Length..])!;
        Assert.StartsWith(Output("ssh-keygen", "-y", "-f", vm.Paths.HostKey).Trim(), (string?)told["ssh_keys"]!["ecdsa_public"], StringComparison.Ordinal);
    }

    private static string Read(string image, string name)
    {
        using var handle = File.OpenHandle(image);
        var system = FileSystem.TryOpen(new DiskFile(handle))!;
        var file = FileWalk.All(system).Single(f => f.Name == name).File;
        var bytes = new byte[file.Bytes];
        system.Read(file, 0, bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    private static string Output(string program, params string[] arguments)
    {
        using var running = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var said = running.StandardOutput.ReadToEnd();
        running.WaitForExit();
        Assert.True(running.ExitCode == 0, said);
        return said;
    }
}
