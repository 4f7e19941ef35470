using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>The real <c>caisson store import</c>, twice: an acknowledged generation stays, whole and right; one that was not is there whole or not at all.</summary>
internal static class ImportScenario
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="plant">Environment that puts a bug into the command; null for none.</param>
    public static async Task<CrashScenario> CreateAsync(string folder, IReadOnlyDictionary<string, string>? plant = null)
    {
        var (oldFile, newFile) = (Path.Combine(folder, "old.raw"), Path.Combine(folder, "new.raw"));
        await File.WriteAllBytesAsync(oldFile, SampleDisks.Old, Token);
        await File.WriteAllBytesAsync(newFile, SampleDisks.New, Token);
        return new CrashScenario("import", _ => Task.CompletedTask, RunAsync, CheckAsync);

        async Task RunAsync(Recording recording)
        {
            await ImportAsync(recording, oldFile);
            recording.Promised("work@1");
            await ImportAsync(recording, newFile);
            recording.Promised("work@2");
        }

        Task ImportAsync(Recording recording, string file) =>
            CaissonTool.RunAsync(plant, "store", "import", "--store", Path.Combine(recording.MountPoint, "store"), "--name", "work", "--format", "raw", file);

        async Task<bool> CheckAsync(string mount, IReadOnlySet<string> promised)
        {
            if (await StoreAfterCrash.OpenAsync(mount, promised, number => number == 1 ? SampleDisks.Old : SampleDisks.New) is not var (store, generations))
            {
                return false;
            }

            // What was interrupted is repeated.
            await StoreAfterCrash.ImportAsync(store, newFile, generations.Select(generation => generation.Number).DefaultIfEmpty().Max() + 1);
            return true;
        }
    }
}
