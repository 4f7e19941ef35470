using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>The real <c>caisson store apply</c>: the new disk is there whole or not at all, the old one is as it was.</summary>
internal static class ApplyScenario
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="plant">Environment that puts a bug into the command; null for none.</param>
    public static async Task<CrashScenario> CreateAsync(string folder, IReadOnlyDictionary<string, string>? plant = null)
    {
        var published = await Published.CreateAsync(folder, Token);
        var delta = Path.Combine(folder, "update.delta");
        var stored = await published.Store.CreateDeltaAsync(published.Old.ManifestDigest, published.New.ManifestDigest, TimeProvider.System, null, Token);
        await published.Store.ExportBlobAsync(stored.BlobDigest, delta, Token);
        return new CrashScenario("apply", PrepareAsync, RunAsync, CheckAsync);

        async Task PrepareAsync(string mount)
        {
            await File.WriteAllBytesAsync(Path.Combine(mount, "old.raw"), SampleDisks.Old, Token);
            File.Copy(delta, Path.Combine(mount, "update.delta"));
        }

        async Task RunAsync(Recording recording)
        {
            using var process = CaissonTool.Start(plant, ApplyArguments(recording.MountPoint));
            await Tool.EndAsync(process, _ => { });
            recording.Promised("new.raw");
        }

        async Task CheckAsync(string mount, IReadOnlySet<string> promised)
        {
            var file = Path.Combine(mount, "new.raw");
            Assert.True((await File.ReadAllBytesAsync(Path.Combine(mount, "old.raw"), Token)).AsSpan().SequenceEqual(SampleDisks.Old), "The old disk changed.");
            Assert.True(File.Exists(file) || !promised.Contains("new.raw"), "The new disk was acknowledged and is lost.");
            if (!File.Exists(file))
            {
                await RawDelta.ApplyAsync(Path.Combine(mount, "old.raw"), Path.Combine(mount, "update.delta"), file, TimeProvider.System, null, Token);
            }

            Assert.True((await File.ReadAllBytesAsync(file, Token)).AsSpan().SequenceEqual(SampleDisks.New), "The new disk has wrong bytes.");
        }
    }

    private static string[] ApplyArguments(string mount) =>
        ["store", "apply", "--base", Path.Combine(mount, "old.raw"), "--delta", Path.Combine(mount, "update.delta"), "--out", Path.Combine(mount, "new.raw")];
}
