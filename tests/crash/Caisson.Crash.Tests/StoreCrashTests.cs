namespace Caisson.Crash.Tests;

/// <summary>
/// Power cuts of a store at every kind of moment, on three file systems: nothing that was acknowledged is lost, and no generation is mixed from two.
/// </summary>
public sealed class StoreCrashTests
{
    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public Task An_import_survives_a_power_cut_at_any_moment(string fileSystem) => CrashLab.SurvivesAsync(fileSystem, folder => ImportScenario.CreateAsync(folder));

    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public Task An_interrupted_import_goes_on_after_a_power_cut_at_any_moment(string fileSystem) => CrashLab.SurvivesAsync(fileSystem, folder => ResumedImportScenario.CreateAsync(folder));

    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public Task A_garbage_collection_survives_a_power_cut_at_any_moment(string fileSystem) => CrashLab.SurvivesAsync(fileSystem, folder => GarbageScenario.CreateAsync(folder));
}
