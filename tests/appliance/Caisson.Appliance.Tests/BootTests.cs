using System.Globalization;
using System.Text.RegularExpressions;
using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>From power-on to a good boot, on an emulated PC.</summary>
public sealed partial class BootTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_PC_takes_the_keys_keeps_its_data_over_a_power_cut_and_not_over_another_TPM()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var pc = await TestPc.CreateAsync(appliance, Cancellation);
        pc.Start();
        await pc.WaitForAsync("Secure Boot keys successfully enrolled");
        await pc.WaitForAsync("caisson: ready 1, not enrolled, data open, start 1,");
        Assert.DoesNotContain("not protected against theft", pc.SerialText, StringComparison.Ordinal);

        pc.CutPower();
        pc.Start();
        await pc.WaitForAsync("caisson: ready 1, not enrolled, data open, start 2,");

        pc.CutPower();
        pc.ReplaceTpm();
        pc.Start();
        Assert.NotEqual("caisson: ready", await pc.WaitForAsync("caisson: this start failed", "caisson: ready"));
    }

    [Fact]
    public async Task A_flipped_byte_of_the_root_is_never_run()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var pc = await TestPc.CreateAsync(appliance, Cancellation);
        var (start, _) = await PartitionAsync(pc, "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709");
        Flip(pc, start + 100); // In the file system's first block: every boot reads it.
        pc.Start();
        Assert.NotEqual("caisson: ready", await pc.WaitForAsync("Kernel panic", "caisson: ready"));
    }

    [Fact]
    public async Task A_flipped_byte_of_the_signed_kernel_is_never_run()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var pc = await TestPc.CreateAsync(appliance, Cancellation);
        pc.Start();
        await pc.WaitForAsync("caisson: ready"); // From here on Secure Boot is on.
        pc.CutPower();

        var (start, _) = await PartitionAsync(pc, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
        var kernel = Path.GetTempFileName();
        try
        {
            // Two names where the power went while the good boot was being written down.
            foreach (var name in (await EspAsync(pc, start, "mdir", "-b", "::EFI/Linux")).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                await EspAsync(pc, start, "mcopy", "-n", name, kernel);
                FlipFile(kernel, new FileInfo(kernel).Length / 2);
                await EspAsync(pc, start, "mcopy", "-o", kernel, name);
            }
        }
        finally
        {
            File.Delete(kernel);
        }

        pc.Start();
        Assert.NotEqual("caisson: ready", await pc.WaitForAsync("Access denied", "Access Denied", "Security Violation", "Security violation", "caisson: ready"));
    }

    private static Task<string> EspAsync(TestPc pc, long start, string tool, params string[] arguments) =>
        Command.RunAsync(tool, [arguments[0], "-i", string.Create(CultureInfo.InvariantCulture, $"{pc.Disk}@@{start}"), .. arguments[1..]], Cancellation);

    private static Task<string> PartitionsAsync(TestPc pc) => Command.RunAsync("sfdisk", ["--dump", pc.Disk], Cancellation);

    /// <returns>Byte offset and length of the first partition of a type.</returns>
    private static async Task<(long Start, long Length)> PartitionAsync(TestPc pc, string type)
    {
        var line = (await PartitionsAsync(pc)).Split('\n').First(l => l.Contains("type=" + type, StringComparison.OrdinalIgnoreCase));
        var match = Extent().Match(line);
        return (512 * long.Parse(match.Groups["start"].Value, CultureInfo.InvariantCulture), 512 * long.Parse(match.Groups["size"].Value, CultureInfo.InvariantCulture));
    }

    private static void Flip(TestPc pc, long at) => FlipFile(pc.Disk, at);

    private static void FlipFile(string path, long at)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        var one = new byte[1];
        RandomAccess.Read(file, one, at);
        one[0] ^= 1;
        RandomAccess.Write(file, one, at);
    }

    [GeneratedRegex(@"start=\s*(?<start>\d+), size=\s*(?<size>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Extent();
}
