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
        return new CrashScenario("import", _ => Task.CompletedTask, RunAsync, (mount, promised) => StoreAfterCrash.CheckAsync(Path.Combine(mount, "store"), promised));

        async Task RunAsync(Recording recording)
        {
            await ImportAsync(recording, oldFile);
            recording.Promised("work@1");
            await ImportAsync(recording, newFile);
            recording.Promised("work@2");
        }

        async Task ImportAsync(Recording recording, string file)
        {
            using var process = CaissonTool.Start(plant, "store", "import", "--store", Path.Combine(recording.MountPoint, "store"), "--name", "work", "--format", "raw", file);
            await Tool.EndAsync(process, _ => { });
        }
    }
}

/// <summary>The built <c>caisson</c>.</summary>
internal static class CaissonTool
{
    public static System.Diagnostics.Process Start(IReadOnlyDictionary<string, string>? plant, params string[] arguments) =>
        Tool.Start(Path.Combine(AppContext.BaseDirectory, "caisson"), arguments, plant);
}

/// <summary>A store after a power cut, met as the next command meets it.</summary>
internal static class StoreAfterCrash
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="promised">Generations that were acknowledged, as NAME@NUMBER.</param>
    public static async Task CheckAsync(string directory, IReadOnlySet<string> promised)
    {
        if (!Directory.Exists(directory) && promised.Count == 0)
        {
            return;
        }

        var store = ImageStore.Open(directory);
        Assert.Empty((await store.CheckAsync(TimeProvider.System, null, Token)).Problems);
        var generations = store.List();
        Assert.Empty(promised.Except(generations.Select(generation => generation.ToString())));
        var file = Path.Combine(directory, "..", "out.raw");
        foreach (var generation in generations)
        {
            await store.ExportAsync(generation.ManifestDigest, file, TimeProvider.System, null, Token);
            Assert.True((await File.ReadAllBytesAsync(file, Token)).AsSpan().SequenceEqual(generation.Number == 1 ? SampleDisks.Old : SampleDisks.New), $"{generation} has other bytes than were imported.");
        }

        await ImportAgainAsync(store, generations.Select(generation => generation.Number).DefaultIfEmpty().Max());
    }

    /// <summary>What was interrupted is repeated.</summary>
    private static async Task ImportAgainAsync(ImageStore store, int last)
    {
        var file = Path.Combine(store.Directory, "..", "again.raw");
        await File.WriteAllBytesAsync(file, SampleDisks.New, Token);
        var again = await store.ImportAsync(new ImportRequest { File = file, Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, Token);
        Assert.Equal(last + 1, again.Number);
        Assert.Empty((await store.CheckAsync(TimeProvider.System, null, Token)).Problems);
    }
}
