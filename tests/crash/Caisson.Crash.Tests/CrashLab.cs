using System.Globalization;
using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>What a run on a logged disk may do: work, and take note of what it was promised.</summary>
internal sealed class Recording(LoggedDisk disk)
{
    private readonly Dictionary<string, int> _promises = new(StringComparer.Ordinal);

    public string MountPoint => disk.MountPoint;

    public IReadOnlyDictionary<string, int> Promises => _promises;

    /// <summary>Something was acknowledged just now: it holds in every later crash state.</summary>
    public void Promised(string what) => _promises.Add(what, disk.Position);
}

/// <summary>Something that writes, and what must hold of its disk after a power cut.</summary>
/// <param name="Prepare">Puts what is there before onto the mounted disk.</param>
/// <param name="Run">Does the work.</param>
/// <param name="Check">
/// Starts anew on a disk that lost its power; given its mount point and what had been promised. Throws if a promise is broken. True: what the scenario is
/// about was there to be met, such as something half done to go on with.
/// </param>
internal sealed record CrashScenario(string Name, Func<string, Task> Prepare, Func<Recording, Task> Run, Func<string, IReadOnlySet<string>, Task<bool>> Check);

/// <summary>What the lab saw.</summary>
/// <param name="States">Checked states; those in which the file system itself was lost are not among them.</param>
/// <param name="Telling">Those in which the scenario met what it is about. None: it proves nothing.</param>
internal sealed record CrashVerdict(int States, int Telling, int LostFileSystems, IReadOnlyList<string> Broken);

/// <summary>Runs a scenario once on a logged disk, then cuts its power in many ways and looks at what is left.</summary>
internal static class CrashLab
{
    private const int StatesInCi = 100;
    private const int Scenarios = 6;

    /// <summary>States of all scenarios on all file systems together: some for CI, many by command.</summary>
    public static int States { get; } = int.Parse(Environment.GetEnvironmentVariable("CAISSON_CRASH_STATES") ?? $"{StatesInCi}", CultureInfo.InvariantCulture);

    public static bool IsShort => States <= StatesInCi;

    private static int StatesEach => (int)Math.Ceiling((double)States / Scenarios / FileSystem.All.Count);

    /// <summary>The scenario's share of all states: no promise is broken.</summary>
    public static async Task SurvivesAsync(string fileSystem, Func<string, Task<CrashScenario>> create)
    {
        using var folder = new TestFolder();
        var scenario = await create(folder.Path);
        var verdict = await RunAsync(FileSystem.Named(fileSystem), scenario, StatesEach, seed: 1);
        TestContext.Current.TestOutputHelper?.WriteLine($"{scenario.Name} on {fileSystem}: {verdict.States} states, {verdict.Telling} of them telling; in {verdict.LostFileSystems} more the file system itself was lost.");
        Assert.True(verdict.Broken.Count == 0, string.Join('\n', verdict.Broken));
        Assert.NotEqual(0, verdict.Telling);
        Assert.InRange(verdict.LostFileSystems, 0, StatesEach / 10);
    }

    /// <param name="isFirstEnough">One broken state is enough; the rest is not looked at.</param>
    public static async Task<CrashVerdict> RunAsync(FileSystem fileSystem, CrashScenario scenario, int count, int seed, bool isFirstEnough = false)
    {
        await using var folder = await LabFolder.CreateAsync();
        var (image, before, logFile) = (folder["disk.img"], folder["before.img"], folder["log.img"]);
        await fileSystem.MakeAsync(image);
        await PrepareAsync(fileSystem, scenario, folder, image);
        await Tool.RunAsync("cp", "--sparse=always", image, before);

        IReadOnlyDictionary<string, int> promises;
        int from, end;
        await using (var disk = await LoggedDisk.MountAsync(fileSystem, folder, image, logFile))
        {
            var recording = new Recording(disk);
            from = disk.Position;
            await scenario.Run(recording);
            promises = recording.Promises;
            // Power goes here: what unmounting writes is not looked at.
            end = disk.Position;
        }

        using var log = new WriteLog(logFile);
        var writes = log.ReadAll().Take(end).ToList();
        return await LookAsync(fileSystem, scenario, folder, before, log, writes, new CrashStates(writes, fileSystem.SectorBytes, seed).Choose(from, promises.Values, count), promises, isFirstEnough);
    }

    private static async Task PrepareAsync(FileSystem fileSystem, CrashScenario scenario, LabFolder folder, string image)
    {
        var mountPoint = folder.Make("prepared");
        await fileSystem.MountAsync(image, mountPoint);
        try
        {
            await scenario.Prepare(mountPoint);
        }
        finally
        {
            await Tool.UnmountAsync(mountPoint);
        }
    }

    private static async Task<CrashVerdict> LookAsync(FileSystem fileSystem, CrashScenario scenario, LabFolder folder, string before, WriteLog log, List<LoggedWrite> writes, IEnumerable<CrashState> states, IReadOnlyDictionary<string, int> promises, bool isFirstEnough)
    {
        var (seen, telling, lost, broken) = (0, 0, 0, new List<string>());
        foreach (var state in states.TakeWhile(_ => !isFirstEnough || broken.Count == 0))
        {
            await using var disk = await RevivedDisk.MountAsync(fileSystem, folder, before, log, writes, state);
            if (disk is null)
            {
                lost++;
                continue;
            }

            seen++;
            var promised = promises.Where(promise => promise.Value <= state.Cut).Select(promise => promise.Key).ToHashSet(StringComparer.Ordinal);
            try
            {
                telling += await scenario.Check(disk.MountPoint, promised) ? 1 : 0;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                broken.Add($"{scenario.Name} on {fileSystem.Name}, {state} of {writes.Count}, promised: {string.Join(", ", promised)}: {e.Message}");
            }
        }

        return new CrashVerdict(seen, telling, lost, broken);
    }
}
