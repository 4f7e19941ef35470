using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>A lab that finds nothing proves nothing: here the real commands run with one known bug each, put in from outside, and must be found out.</summary>
public sealed class PlantedBugTests : IDisposable
{
    private const int States = 40;

    private readonly TestFolder _folder = new();

    [Theory]
    [MemberData(nameof(FileSystem.OneOrAll), "ext4", MemberType = typeof(FileSystem))]
    public async Task A_blob_that_is_not_synced_before_it_gets_its_name_is_found(string fileSystem) =>
        await IsFoundAsync(fileSystem, await ImportScenario.CreateAsync(_folder.Path, await PlantAsync("file:/store/tmp/")));

    [Theory]
    [MemberData(nameof(FileSystem.OneOrAll), "xfs", MemberType = typeof(FileSystem))]
    public async Task A_rename_whose_directory_is_not_synced_is_found(string fileSystem) =>
        await IsFoundAsync(fileSystem, await ImportScenario.CreateAsync(_folder.Path, await PlantAsync("directory:/store")));

    [Theory]
    [MemberData(nameof(FileSystem.OneOrAll), "btrfs", MemberType = typeof(FileSystem))]
    public async Task A_presence_map_saved_before_its_bytes_is_found(string fileSystem) =>
        await IsFoundAsync(fileSystem, await FillScenario.CreateAsync(_folder.Path, fromSeed: false, await PlantAsync("late:/new/image.raw")));

    [Theory]
    [MemberData(nameof(FileSystem.OneOrAll), "ext4", MemberType = typeof(FileSystem))]
    public async Task A_journal_of_an_import_that_is_not_synced_is_found(string fileSystem) =>
        await IsFoundAsync(fileSystem, await ResumedImportScenario.CreateAsync(_folder.Path, await PlantAsync("file:/import-raw/journal")));

    public void Dispose() => _folder.Dispose();

    private static async Task IsFoundAsync(string fileSystem, CrashScenario scenario) =>
        Assert.NotEmpty((await CrashLab.RunAsync(FileSystem.Named(fileSystem), scenario, States, seed: 1, isFirstEnough: true)).Broken);

    private async Task<IReadOnlyDictionary<string, string>> PlantAsync(string forget)
    {
        var library = _folder.File("forgetful-sync.so");
        await Tool.RunAsync(Requirement.Program("gcc"), "-shared", "-fPIC", "-O1", "-o", library, Path.Combine(AppContext.BaseDirectory, "forgetful-sync.c"));
        return new Dictionary<string, string>(StringComparer.Ordinal) { ["LD_PRELOAD"] = library, ["CAISSON_TEST_FORGET"] = forget };
    }
}
