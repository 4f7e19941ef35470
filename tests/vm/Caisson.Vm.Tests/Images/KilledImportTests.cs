using Caisson.Images;

namespace Caisson.Vm.Tests.Images;

/// <summary><c>kill -9</c> of the real import at random moments.</summary>
public sealed class KilledImportTests : IDisposable
{
    private const int Rounds = 6;
    private const int DiskBytes = 200 << 20;

    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-killed-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_import_leaves_a_sound_store_and_goes_on_to_the_same_generation()
    {
        await Stores.WriteDiskAsync(this["1.raw"], 1, 4 << 20);
        var content = await Stores.WriteDiskAsync(this["2.raw"], 2, DiskBytes);
        await Stores.ImportAsync(this["store"], this["1.raw"]);
        await Stores.ImportAsync(this["whole"], this["1.raw"]);
        var started = TimeProvider.System.GetTimestamp();
        var whole = (await Stores.RunCliForJsonAsync(Import("whole"))).GetProperty("digest").GetString();
        var took = TimeProvider.System.GetElapsedTime(started);

        var (random, killed) = (new Random(1), 0);
        for (var round = 0; round < Rounds && ImageStore.Open(this["store"]).List().Count == 1; round++)
        {
            // Late enough at first that some of it is finished; then anywhere, the last steps too.
            killed += await KillAsync(took * (round == 0 ? 0.7 : 0.1 + (0.8 * random.NextDouble()))) ? 1 : 0;
            await Stores.AssertSoundAsync(this["store"]);
        }

        Assert.True(killed > 0);
        var left = ImageStore.Open(this["store"]).List().Count == 1;
        var last = left ? await Stores.RunCliForJsonAsync(Import("store")) : default;
        Assert.True(!left || last.GetProperty("resumed_bytes").GetInt64() > 0);
        var list = ImageStore.Open(this["store"]).List();
        Assert.Equal(whole, list[^1].ManifestDigest);
        Assert.Equal(2, list.Count);
        if (!left)
        {
            await Stores.ImportAsync(this["store"], this["1.raw"]); // Killed between its last step and its tidying: the next import does that.
        }

        Assert.Empty(Directory.GetDirectories(Path.Combine(this["store"], "tmp")));
        await Stores.AssertSoundAsync(this["store"]);
        await ImageStore.Open(this["store"]).ExportAsync(list[^1].ManifestDigest, this["out.raw"], TimeProvider.System, null, Token);
        Assert.True((await File.ReadAllBytesAsync(this["out.raw"], Token)).AsSpan().SequenceEqual(content));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private string[] Import(string store) => ["store", "import", "--store", this[store], "--name", "work", "--format", "raw", this["2.raw"]];

    /// <returns>False: it had ended before.</returns>
    private async Task<bool> KillAsync(TimeSpan after)
    {
        using var import = Stores.StartCli(Import("store"));
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
