using Caisson.Chunks;
using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>
/// A delta that is applied in small steps, killed when some of it is durable, and then the real <c>caisson store apply</c>, which goes on: the new disk is there
/// whole or not at all, the old one is as it was, and what lies half done is gone on with.
/// </summary>
internal static class ApplyScenario
{
    private const string HalfDone = "half done";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="plant">Environment that puts a bug into the command; null for none.</param>
    public static async Task<CrashScenario> CreateAsync(string folder, IReadOnlyDictionary<string, string>? plant = null)
    {
        var published = await Published.CreateAsync(folder, Token);
        var delta = Path.Combine(folder, "update.delta");
        var stored = await published.Store.CreateDeltaAsync(published.Old.ManifestDigest, published.New.ManifestDigest, TimeProvider.System, null, Token);
        await published.Store.ExportBlobAsync(stored.BlobDigest, delta, Token);
        var index = published.Store.ReadIndex(published.New.ManifestDigest);
        return new CrashScenario("apply", PrepareAsync, RunAsync, CheckAsync);

        async Task PrepareAsync(string mount)
        {
            await File.WriteAllBytesAsync(Path.Combine(mount, "old.raw"), SampleDisks.Old, Token);
            File.Copy(delta, Path.Combine(mount, "update.delta"));
        }

        async Task RunAsync(Recording recording)
        {
            var (old, patch, target) = (Path.Combine(recording.MountPoint, "old.raw"), Path.Combine(recording.MountPoint, "update.delta"), Path.Combine(recording.MountPoint, "new.raw"));
            var seen = 0L;

            // A second map says that the first is durable.
            var isKilled = await CaissonTool.KillOnceAsync(IsSecondMap, plant, "apply", old, patch, target);
            Assert.True(isKilled, "The delta was applied before it could be stopped.");
            recording.Promised(HalfDone);
            await CaissonTool.RunAsync(plant, "store", "apply", "--base", old, "--delta", patch, "--out", target);
            recording.Promised("new.raw");

            bool IsSecondMap()
            {
                var before = seen;
                seen = PresentBytes(recording.MountPoint);
                return before > 0 && seen > before;
            }
        }

        async Task<bool> CheckAsync(string mount, IReadOnlySet<string> promised)
        {
            var file = Path.Combine(mount, "new.raw");
            Assert.True((await File.ReadAllBytesAsync(Path.Combine(mount, "old.raw"), Token)).AsSpan().SequenceEqual(SampleDisks.Old), "The old disk changed.");
            Assert.True(File.Exists(file) || !promised.Contains("new.raw"), "The new disk was acknowledged and is lost.");
            var isTelling = !File.Exists(file) && PresentBytes(mount) > 0;
            Assert.True(isTelling || File.Exists(file) || !promised.Contains(HalfDone), "Half of the new disk had been made durable, and nothing of it is left.");
            if (!File.Exists(file))
            {
                await RawDelta.ApplyAsync(Path.Combine(mount, "old.raw"), Path.Combine(mount, "update.delta"), file, TimeProvider.System, null, Token);
            }

            Assert.True((await File.ReadAllBytesAsync(file, Token)).AsSpan().SequenceEqual(SampleDisks.New), "The new disk has wrong bytes.");
            return isTelling;
        }

        // What the saved map says, 0 without one.
        long PresentBytes(string mount)
        {
            try
            {
                var map = new PresenceMap(index);
                return map.TryLoad(File.ReadAllBytes(Path.Combine(mount, "new.raw.part.present")), ChunkId.Of(index.Encode())) ? map.PresentBytes : 0;
            }
            catch (IOException)
            {
                return 0; // Not there yet, or no more.
            }
        }
    }
}
