namespace Caisson.Cli.Tests;

[Collection(nameof(CommandLine))]
public sealed class ProbeTests : IDisposable
{
    private readonly string _pc = Directory.CreateTempSubdirectory("caisson-probe-").FullName;

    /// <summary>Whatever PC the tests run on, and whatever is wrong with it.</summary>
    [Fact]
    public async Task This_PC_is_told_of_and_the_verdict_is_no_error()
    {
        var ran = await CommandLine.RunAsync("probe");

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.StartsWith("WHAT", ran.Output, StringComparison.Ordinal);
        Assert.All((string[])["KVM", "IOMMU", "TPM 2.0", "Secure Boot", "GPU", "Wi-Fi", "disk", "memory", "suspend", "Work: ", "Personal: "], name => Assert.Contains('\n' + name, ran.Output, StringComparison.Ordinal));
        Assert.Contains("exercised only by tests", ran.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_copy_of_another_PC_is_planned_like_that_PC()
    {
        Device("0000:00:02.0", "0x030000", group: 0, boot: true);
        Device("0000:01:00.0", "0x030000", group: 1, boot: false);
        var json = (await CommandLine.RunAsync("probe", "--root", _pc, "--json")).Json;

        Assert.Equal("no", json.GetProperty("verdict").GetString());
        Assert.Equal(9, json.GetProperty("findings").GetArrayLength());
        var (work, personal) = (json.GetProperty("graphics")[0], json.GetProperty("graphics")[1]);
        Assert.Equal(("Work", "framebuffer", false), (work.GetProperty("workspace").GetString(), work.GetProperty("kind").GetString(), work.GetProperty("exercised_by_tests_only").GetBoolean()));
        Assert.Equal(("passthrough", true), (personal.GetProperty("kind").GetString(), personal.GetProperty("exercised_by_tests_only").GetBoolean()));
        Assert.Equal("0000:01:00.0", Assert.Single(personal.GetProperty("addresses").EnumerateArray()).GetString());
        Assert.Equal(["030000", "030000"], json.GetProperty("devices").EnumerateArray().Select(d => d.GetProperty("class").GetString()));
    }

    [Fact]
    public async Task An_empty_folder_is_a_PC_on_which_nothing_runs_and_still_no_error()
    {
        var ran = await CommandLine.RunAsync("probe", "--root", _pc);

        Assert.Equal((0, ""), (ran.ExitCode, ran.Errors));
        Assert.Contains("Caisson does not run on this PC as it is.", ran.Output, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_pc, recursive: true);

    private void Device(string address, string kind, int group, bool boot)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_pc, "sys/bus/pci/devices", address)).FullName;
        File.WriteAllText(Path.Combine(folder, "class"), kind + "\n");
        File.WriteAllText(Path.Combine(folder, "boot_vga"), boot ? "1\n" : "0\n");
        File.CreateSymbolicLink(Path.Combine(folder, "iommu_group"), $"../../../../kernel/iommu_groups/{group}");
    }
}
