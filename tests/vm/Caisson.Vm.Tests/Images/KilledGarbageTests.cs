using Caisson.Images;

namespace Caisson.Vm.Tests.Images;

/// <summary>Collections in processes of their own, some killed, beside imports, exports and a served generation in others.</summary>
public sealed class KilledGarbageTests : IDisposable
{
    private const int Rounds = 5;

    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-gc-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_that_is_named_or_read_goes_and_everything_else_does()
    {
        await Stores.WriteDiskAsync(this["1.raw"], 1, 8 << 20);
        await Stores.ImportAsync(this["store"], this["1.raw"]);
        using var serving = Stores.StartCli("store", "serve", "--store", this["store"], "work@1", "--socket", this["s"]);
        var uri = await serving.StandardOutput.ReadLineAsync(Token) ?? throw new InvalidOperationException(await serving.StandardError.ReadToEndAsync(Token));
        var random = new Random(1);
        for (var round = 2; round <= Rounds; round++)
        {
            var content = await Stores.WriteDiskAsync(this[$"{round}.raw"], round, 8 << 20);
            Task<bool>[] collections = [CollectAsync(random.Next(100, 1500)), CollectAsync(null)];
            Assert.Equal(0, (await Stores.RunCliAsync("store", "import", "--store", this["store"], "--name", "work", "--format", "raw", this[$"{round}.raw"])).ExitCode);
            await Stores.RunCliForJsonAsync("store", "remove", "--store", this["store"], $"work@{round - 1}");
            await Stores.RunCliForJsonAsync("store", "export", "--store", this["store"], $"work@{round}", this["out.raw"]);
            Assert.True((await File.ReadAllBytesAsync(this["out.raw"], Token)).AsSpan().SequenceEqual(content));
            await Task.WhenAll(collections);
            await Stores.AssertSoundAsync(this["store"]);
        }

        // Removed four rounds ago, and still served.
        await Nbd.ServedFile.RunAsync("qemu-img", "compare", "-f", "raw", "-F", "raw", this["1.raw"], uri);
        Assert.True((await Stores.RunCliForJsonAsync("store", "gc", "--store", this["store"])).GetProperty("kept_blobs").GetInt32() > 0);
        serving.Kill();
        await serving.WaitForExitAsync(Token);
        await Stores.RunCliForJsonAsync("store", "gc", "--store", this["store"]);
        var store = ImageStore.Open(this["store"]);
        var needed = store.ReadManifest(Assert.Single(store.List()).ManifestDigest).Layers.Count + 2;
        Assert.Equal(needed, Directory.GetFiles(Path.Combine(this["store"], "blobs", "sha256")).Length);
        await Stores.AssertSoundAsync(this["store"]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    /// <param name="killAfter">Milliseconds; null: it may end by itself.</param>
    /// <returns>False: it was killed.</returns>
    private async Task<bool> CollectAsync(int? killAfter)
    {
        using var process = Stores.StartCli("store", "gc", "--store", this["store"]);
        var ended = process.WaitForExitAsync(Token);
        if (killAfter is { } after && await Task.WhenAny(ended, Task.Delay(after, Token)) != ended)
        {
            process.Kill();
            await ended;
            return false;
        }

        await ended;
        Assert.True(process.ExitCode == 0, await process.StandardError.ReadToEndAsync(Token));
        return true;
    }
}
