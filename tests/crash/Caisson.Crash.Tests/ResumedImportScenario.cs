using Caisson.Images;

namespace Caisson.Crash.Tests;

/// <summary>
/// An import that is killed once its journal has spoken twice, so that its first state is durable, and repeated by the real <c>caisson store import</c>. After
/// the power cut the same file is imported again: it goes on, and the generation has the right bytes.
/// </summary>
internal static class ResumedImportScenario
{
    private const int DiskBytes = 20 << 20;
    private const string Resumable = "resumable";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="plant">Environment that puts a bug into the command; null for none.</param>
    public static async Task<CrashScenario> CreateAsync(string folder, IReadOnlyDictionary<string, string>? plant = null)
    {
        // Nothing of it compresses: every four MiB of it are a pack, after which there is a state.
        var disk = new byte[DiskBytes];
        new Random(6).NextBytes(disk);
        var file = Path.Combine(folder, "disk.raw");
        await File.WriteAllBytesAsync(file, disk, Token);
        return new CrashScenario("resumed import", _ => Task.CompletedTask, RunAsync, CheckAsync);

        async Task RunAsync(Recording recording)
        {
            var store = Path.Combine(recording.MountPoint, "store");
            var journal = Path.Combine(store, "tmp", "import-raw", "journal");
            Assert.True(await CaissonTool.KillOnceAsync(() => LinesOf(journal) > 2, plant, "import", store, file), "The import was over before it could be killed.");
            recording.Promised(Resumable);
            await CaissonTool.RunAsync(plant, "store", "import", "--store", store, "--name", "work", "--format", "raw", file);
            recording.Promised("work@1");
        }

        async Task<bool> CheckAsync(string mount, IReadOnlySet<string> promised)
        {
            if (await StoreAfterCrash.OpenAsync(mount, promised, _ => disk) is not var (store, generations))
            {
                return false;
            }

            var again = await StoreAfterCrash.ImportAsync(store, file, generations.Count + 1);
            await StoreAfterCrash.HasAsync(store, again, disk);
            Assert.True(again.ResumedBytes > 0 || generations.Count > 0 || !promised.Contains(Resumable), "The import had made a state durable, and began anew.");
            return again.ResumedBytes > 0;
        }
    }

    /// <summary>The first says what is imported.</summary>
    private static int LinesOf(string journal)
    {
        try
        {
            return File.ReadAllBytes(journal).Count(value => value == '\n');
        }
        catch (IOException)
        {
            return 0; // Not there yet.
        }
    }
}
