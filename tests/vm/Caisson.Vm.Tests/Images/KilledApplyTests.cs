using Caisson.Images;

namespace Caisson.Vm.Tests.Images;

/// <summary><c>kill -9</c> of the real apply at random moments.</summary>
public sealed class KilledApplyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-killed-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_apply_goes_on_where_it_stood_and_its_disk_is_right()
    {
        await Stores.WriteDiskAsync(this["1.raw"], 1, 60 << 20);
        var content = await Stores.WriteDiskAsync(this["2.raw"], 2, 60 << 20);
        await Stores.ImportAsync(this["store"], this["1.raw"]);
        await Stores.ImportAsync(this["store"], this["2.raw"]);
        Assert.Equal(0, (await Stores.RunCliAsync("store", "delta", "--store", this["store"], "work@1", "work@2", "--out", this["delta"])).ExitCode);
        var started = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, (await Stores.RunCliAsync(Arguments("measured.raw"))).ExitCode);
        var whole = TimeProvider.System.GetElapsedTime(started);

        var (random, killed) = (new Random(1), 0);
        for (var round = 0; round < 6 && !File.Exists(this["new.raw"]); round++)
        {
            killed += await KillAsync(whole * (0.3 + (0.7 * random.NextDouble()))) ? 1 : 0;
        }

        Assert.True(killed > 0);
        Assert.Equal(0, (await Stores.RunCliAsync(Arguments("new.raw"))).ExitCode);
        Assert.Equal(content, await File.ReadAllBytesAsync(this["new.raw"], Token));
        Assert.Equal(["new.raw"], Directory.GetFiles(_folder, "new.raw*").Select(Path.GetFileName));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private string[] Arguments(string target) => ["store", "apply", "--base", this["1.raw"], "--delta", this["delta"], "--out", this[target]];

    /// <returns>False: it had ended before.</returns>
    private async Task<bool> KillAsync(TimeSpan after)
    {
        using var apply = Stores.StartCli(Arguments("new.raw"));
        var ended = apply.WaitForExitAsync(Token);
        if (await Task.WhenAny(ended, Task.Delay(after, Token)) == ended)
        {
            return false;
        }

        apply.Kill();
        await ended;
        return true;
    }
}
