using System.Text.Json;
using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>From the stick onto a disk.</summary>
public sealed class InstallTests
{
    private const long GiB = 1L << 30;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_medium_installs_onto_an_empty_disk_without_a_person_and_that_disk_alone_starts()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var pc = await TestPc.WithMediumAsync(appliance, 40 * GiB, secureBoot: true, Cancellation);
        await pc.LeaveOnStickAsync("install.json", """{"disk":{"largest_empty":true},"mode":"erase"}""", Cancellation);
        pc.Start();
        Assert.Equal("caisson: install: done", await pc.WaitForAsync("caisson: install: done", "caisson: install: failed", "caisson: install: refused"));
        await pc.WaitForPowerOffAsync(Cancellation);
        Assert.Equal(("installed", "DISK"), (await ResultAsync(pc)).Verdict);

        pc.Stick = null;
        pc.MenuDecides = true; // By the entry that the installer made.
        pc.Start();
        await pc.WaitForAsync("caisson: ready 1, not enrolled, data open, start 1,");
        Assert.DoesNotContain("not protected against theft", pc.SerialText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_holds_data_is_refused_by_its_contents_and_not_touched()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var pc = await TestPc.WithMediumAsync(appliance, 34 * GiB, secureBoot: false, Cancellation);
        await Command.RunAsync("mke2fs", ["-q", "-t", "ext4", "-L", "letters", pc.Disk], Cancellation);
        await pc.LeaveOnStickAsync("install.json", """{"disk":{"least_bytes":1,"most_bytes":1000000000000},"mode":"erase"}""", Cancellation);
        var before = await DigestAsync(pc.Disk);
        pc.Start();
        Assert.Equal("caisson: install: refused", await pc.WaitForAsync("caisson: install: done", "caisson: install: failed", "caisson: install: refused"));
        await pc.WaitForAsync("nobody is asked again");
        await KeepScreenAsync(pc, "install-refused");
        pc.CutPower();

        Assert.Equal(before, await DigestAsync(pc.Disk));
        var (verdict, reasons) = await ResultAsync(pc);
        Assert.Equal("refused", verdict.Verdict);
        Assert.Contains("ext4 on the whole disk", Assert.Single(reasons), StringComparison.Ordinal);
    }

    [Fact]
    public async Task To_try_it_writes_nothing_to_the_disk_or_the_stick()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var pc = await TestPc.WithMediumAsync(appliance, 4 * GiB, secureBoot: false, Cancellation);
        await Command.RunAsync("mke2fs", ["-q", "-t", "ext4", pc.Disk], Cancellation);
        var before = (await DigestAsync(pc.Disk), await DigestAsync(pc.Stick!));
        pc.Start();
        await pc.WaitForAsync("Try Caisson");
        await KeepScreenAsync(pc, "medium-menu");
        await pc.PressAsync(Cancellation, "up", "ret");
        await pc.WaitForAsync("caisson: ready 1, live: nothing is kept");
        pc.CutPower();
        Assert.Equal(before, (await DigestAsync(pc.Disk), await DigestAsync(pc.Stick!)));
    }

    private static async Task<string> DigestAsync(string file) => (await Command.RunAsync("sha256sum", [file], Cancellation)).Split(' ')[0];

    private static async Task<((string? Verdict, string? Serial) Verdict, IReadOnlyList<string> Reasons)> ResultAsync(TestPc pc)
    {
        using var result = JsonDocument.Parse(await pc.ReadFromStickAsync("install-result.json", Cancellation));
        var root = result.RootElement;
        return ((root.GetProperty("verdict").GetString(), root.GetProperty("serial").GetString()), [.. root.GetProperty("reasons").EnumerateArray().Select(r => r.GetString()!)]);
    }

    /// <summary>For people to look at: artifacts/screens.</summary>
    private static Task KeepScreenAsync(TestPc pc, string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Checkout.Root, "artifacts", "screens")).FullName;
        return pc.ScreenshotAsync(Path.Combine(folder, name + ".png"), Cancellation);
    }
}
