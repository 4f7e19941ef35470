using System.Security.Cryptography;
using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>A disk that has a Debian gets a Caisson, and keeps the Debian.</summary>
public sealed class BesideTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Beside_a_Debian_both_start_and_not_a_byte_of_the_Debian_is_changed()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var pc = await TestPc.WithMediumAsync(appliance, 40L << 30, secureBoot: false, Cancellation);
        var stick = pc.Stick;
        await PutDebianAsync(pc);
        (pc.Stick, pc.MenuDecides) = (null, true);
        pc.Start();
        await pc.WaitForAsync("Multi-User System", "multi-user.target");
        pc.CutPower();
        var before = await DebianAsync(pc);

        pc.Stick = stick;
        await pc.LeaveOnStickAsync("install.json", """{"disk":{"serial":"DISK"},"mode":"beside"}""", Cancellation);
        pc.Start();
        Assert.Equal("caisson: install: done", await pc.WaitForAsync("caisson: install: done", "caisson: install: failed", "caisson: install: refused"));
        await pc.WaitForPowerOffAsync(Cancellation);
        Assert.Equal(before, await DebianAsync(pc));

        pc.Stick = null;
        pc.Start();
        await pc.WaitForAsync("caisson: ready 1, not enrolled, data open, start 1,");
        pc.CutPower();
        Assert.Equal(before, await DebianAsync(pc)); // Nor by the first start, which makes the data partition.

        FirmwareMenu.ChooseTheNext(pc.Variables);
        pc.Start();
        Assert.NotEqual("caisson: ready", await pc.WaitForAsync("Multi-User System", "multi-user.target", "caisson: ready"));
    }

    private static async Task PutDebianAsync(TestPc pc)
    {
        var guest = (await Command.RunAsync(Path.Combine(Checkout.Root, "guests", "build"), ["personal"], Cancellation)).Trim();
        var bytes = new FileInfo(pc.Disk).Length;
        await Command.RunAsync("cp", ["--sparse=always", "--reflink=auto", Path.Combine(guest, "personal.raw"), pc.Disk], Cancellation);
        using (var disk = new FileStream(pc.Disk, FileMode.Open, FileAccess.Write))
        {
            disk.SetLength(bytes);
        }

        await Command.RunAsync("sfdisk", ["--quiet", "--relocate", "gpt-bak-std", pc.Disk], Cancellation);
    }

    /// <summary>Its two lines of the partition table and the digest of what they hold.</summary>
    private static async Task<string> DebianAsync(TestPc pc)
    {
        var lines = (await Command.RunAsync("sfdisk", ["--dump", pc.Disk], Cancellation)).Split('\n').Where(line => line.Contains("start=", StringComparison.Ordinal)).Take(2);
        using var disk = File.OpenHandle(pc.Disk);
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (long at = 1 << 20; at < 1000L << 20; at += buffer.Length) // Inside the guest's first gibibyte, all of which is its own.
        {
            digest.AppendData(buffer.AsSpan(0, RandomAccess.Read(disk, buffer, at)));
        }

        return string.Join('\n', [.. lines, Convert.ToHexStringLower(digest.GetHashAndReset())]);
    }
}
