namespace Caisson.Crash.Tests;

/// <summary>
/// Power cuts of a disk image that is being made, at every kind of moment, on three file systems: no wrong byte is shown, and what was complete stays so.
/// </summary>
public sealed class ImageCrashTests
{
    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public Task An_applied_delta_survives_a_power_cut_at_any_moment(string fileSystem) => CrashLab.SurvivesAsync(fileSystem, folder => ApplyScenario.CreateAsync(folder));

    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public Task A_fill_survives_a_power_cut_at_any_moment(string fileSystem) => CrashLab.SurvivesAsync(fileSystem, folder => FillScenario.CreateAsync(folder, fromSeed: false));

    [Theory]
    [MemberData(nameof(FileSystem.Names), MemberType = typeof(FileSystem))]
    public Task An_update_from_an_old_generation_survives_a_power_cut_at_any_moment(string fileSystem) => CrashLab.SurvivesAsync(fileSystem, folder => FillScenario.CreateAsync(folder, fromSeed: true));
}
