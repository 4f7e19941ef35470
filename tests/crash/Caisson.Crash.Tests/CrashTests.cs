using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>
/// Power cuts at every kind of moment, on three file systems: nothing that was acknowledged is lost, no generation is mixed from two, and no wrong
/// byte is shown.
/// </summary>
public sealed class CrashTests
{
    private const int Scenarios = 4;

    private static int StatesEach => (int)Math.Ceiling((double)CrashLab.States / Scenarios / FileSystem.All.Count);

    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public async Task An_import_survives_a_power_cut_at_any_moment(string fileSystem) => await SurvivesAsync(fileSystem, folder => ImportScenario.CreateAsync(folder));

    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public async Task An_applied_delta_survives_a_power_cut_at_any_moment(string fileSystem) => await SurvivesAsync(fileSystem, folder => ApplyScenario.CreateAsync(folder));

    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public async Task A_fill_survives_a_power_cut_at_any_moment(string fileSystem) => await SurvivesAsync(fileSystem, folder => FillScenario.CreateAsync(folder, fromSeed: false));

    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public async Task An_update_from_an_old_generation_survives_a_power_cut_at_any_moment(string fileSystem) =>
        await SurvivesAsync(fileSystem, folder => FillScenario.CreateAsync(folder, fromSeed: true));

    private static async Task SurvivesAsync(string fileSystem, Func<string, Task<CrashScenario>> scenario)
    {
        using var folder = new TestFolder();
        var verdict = await CrashLab.RunAsync(FileSystem.Named(fileSystem), await scenario(folder.Path), StatesEach, seed: 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"{fileSystem}: {verdict.States} states; in {verdict.LostFileSystems} more the file system itself was lost.");
        Assert.Empty(verdict.Broken);
        Assert.InRange(verdict.LostFileSystems, 0, StatesEach / 10);
    }
}
