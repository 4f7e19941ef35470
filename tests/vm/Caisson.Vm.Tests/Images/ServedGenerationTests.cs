using System.Diagnostics;
using System.Text.Json;
using Caisson.Images;
using Caisson.Vm.Tests.Nbd;

namespace Caisson.Vm.Tests.Images;

/// <summary><c>caisson store serve</c> as NBD's own clients see it.</summary>
public sealed class ServedGenerationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-serve-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_served_generation_is_its_export_byte_for_byte_until_a_signal_ends_it(string signal)
    {
        var store = ImageStore.Open(this["store"]);
        using (var disk = File.OpenHandle(this["disk.raw"], FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.SetLength(disk, 64 << 20);
            var strip = new byte[3 << 20];
            new Random(1).NextBytes(strip);
            RandomAccess.Write(disk, strip, 1 << 20);
            RandomAccess.Write(disk, strip, 40 << 20);
        }

        var generation = await Stores.ImportAsync(this["store"], this["disk.raw"]);
        await store.ExportAsync(generation.ManifestDigest, this["export.raw"], TimeProvider.System, null, Token);
        using var serving = Stores.StartCli("store", "serve", "--store", this["store"], "work@1", "--socket", this["s"]);
        var uri = await serving.StandardOutput.ReadLineAsync(Token) ?? throw new InvalidOperationException(await serving.StandardError.ReadToEndAsync(Token));

        var info = JsonDocument.Parse(await ServedFile.RunAsync("nbdinfo", "--json", uri)).RootElement.GetProperty("exports")[0];
        Assert.Equal((64L << 20, true), (info.GetProperty("export-size").GetInt64(), info.GetProperty("is_read_only").GetBoolean()));
        await ServedFile.RunAsync("nbdcopy", "--connections=4", uri, this["copy.raw"]);
        await ServedFile.RunAsync("cmp", this["export.raw"], this["copy.raw"]);
        await ServedFile.RunAsync("qemu-img", "compare", "-s", "-f", "raw", "-F", "raw", this["export.raw"], uri);
        var (written, _) = await ServedFile.TryRunAsync("qemu-io", "-f", "raw", uri, "-c", "write 0 4k");
        Assert.NotEqual(0, written);

        using (var kill = Process.Start("kill", ["-s", signal, $"{serving.Id}"]))
        {
            await kill.WaitForExitAsync(Token);
        }

        await serving.WaitForExitAsync(Token);
        Assert.Equal((0, false), (serving.ExitCode, File.Exists(this["s"])));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);
}
