using Caisson.Images;

namespace Caisson.Vm.Tests.Images;

/// <summary><c>kill -9</c> of the real import at random moments.</summary>
public sealed class KilledImportTests : IDisposable
{
    private const int Rounds = 6;

    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-killed-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_import_leaves_a_sound_store_with_the_same_list_and_can_be_repeated()
    {
        await Stores.WriteDiskAsync(this["1.raw"], 1, 4 << 20);
        var content = await Stores.WriteDiskAsync(this["2.raw"], 2, 40 << 20);
        await Stores.ImportAsync(this["store"], this["1.raw"]);
        await Stores.ImportAsync(this["measured"], this["1.raw"]);
        var started = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, (await ImportAsync(this["measured"])).ExitCode);
        var whole = TimeProvider.System.GetElapsedTime(started);

        var (random, killed) = (new Random(1), 0);
        for (var round = 0; round < Rounds && ImageStore.Open(this["store"]).List().Count == 1; round++)
        {
            killed += await KillAsync(whole * (0.2 + (0.8 * random.NextDouble()))) ? 1 : 0;
            await Stores.AssertSoundAsync(this["store"]);
        }

        Assert.True(killed > 0);
        var expected = ImageStore.Open(this["store"]).List().Count + 1;
        Assert.Equal(0, (await ImportAsync(this["store"])).ExitCode);
        var list = ImageStore.Open(this["store"]).List();
        Assert.Equal(expected, list.Count);
        Assert.Empty(Directory.GetDirectories(Path.Combine(this["store"], "tmp")));
        await ImageStore.Open(this["store"]).ExportAsync(list[^1].ManifestDigest, this["out.raw"], TimeProvider.System, null, Token);
        Assert.Equal(content, await File.ReadAllBytesAsync(this["out.raw"], Token));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private Task<(int ExitCode, string Errors)> ImportAsync(string store) =>
        Stores.RunCliAsync("store", "import", "--store", store, "--name", "work", "--format", "raw", this["2.raw"]);

    /// <returns>False: it had ended before.</returns>
    private async Task<bool> KillAsync(TimeSpan after)
    {
        using var import = Stores.StartCli("store", "import", "--store", this["store"], "--name", "work", "--format", "raw", this["2.raw"]);
        var ended = import.WaitForExitAsync(Token);
        if (await Task.WhenAny(ended, Task.Delay(after, Token)) == ended)
        {
            return false;
        }

        import.Kill();
        await ended;
        return true;
    }
}
