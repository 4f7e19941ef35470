using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>
/// The real <c>caisson store remove</c> and <c>caisson store gc</c>: what another generation needs stays, what was removed stays removed, and the next
/// collection takes what this one left.
/// </summary>
internal static class GarbageScenario
{
    private const string Removed = "removed";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<CrashScenario> CreateAsync(string folder)
    {
        var next = Path.Combine(folder, "next.raw");
        await File.WriteAllBytesAsync(next, SampleDisks.New, Token);
        return new CrashScenario("garbage", PrepareAsync, RunAsync, CheckAsync);

        async Task PrepareAsync(string mount)
        {
            var store = ImageStore.Open(Path.Combine(mount, "store"));
            var old = await Published.ImportAsync(store, folder, SampleDisks.Old, Token);
            var current = await Published.ImportAsync(store, folder, SampleDisks.New, Token);
            await store.CreateDeltaAsync(old.ManifestDigest, current.ManifestDigest, TimeProvider.System, null, Token);
            await store.CreateDeltaAsync(current.ManifestDigest, old.ManifestDigest, TimeProvider.System, null, Token);
        }

        static async Task RunAsync(Recording recording)
        {
            var store = Path.Combine(recording.MountPoint, "store");
            await CaissonTool.RunAsync(null, "store", "remove", "--store", store, "work@1");
            recording.Promised(Removed);
            await CaissonTool.RunAsync(null, "store", "gc", "--store", store);
            recording.Promised("collected");
        }

        async Task<bool> CheckAsync(string mount, IReadOnlySet<string> promised)
        {
            var (store, generations) = Assert.NotNull(await StoreAfterCrash.OpenAsync(mount, promised.Append("work@2").ToHashSet(StringComparer.Ordinal), number => number == 1 ? SampleDisks.Old : SampleDisks.New));
            Assert.False(promised.Contains(Removed) && generations.Any(generation => generation.Number == 1), "The generation was said to be removed and is back.");
            var isListed = generations.Any(generation => generation.Number == 1);
            var taken = await store.CollectGarbageAsync(isDry: false, TimeProvider.System, null, Token);
            Assert.Equal(0, (await store.CollectGarbageAsync(isDry: true, TimeProvider.System, null, Token)).Blobs);
            Assert.False(Directory.Exists(Path.Combine(store.Directory, "tmp", "trash")), "A collection left its folder.");
            await StoreAfterCrash.HasAsync(store, store.Find("work", 2)!, SampleDisks.New);
            await StoreAfterCrash.ImportAsync(store, next, 3);
            return !isListed && taken.Bytes > 0;
        }
    }
}
