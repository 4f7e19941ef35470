using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>
/// A process that fills an image from its source, anew or from an old generation and a delta: after the power cut what the map says is here is
/// right, without a source; with one it fills to the end; and once it was complete it stays so.
/// </summary>
internal static class FillScenario
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="fromSeed">An older generation lies complete on the same disk.</param>
    /// <param name="plant">Environment that puts a bug into the process; null for none.</param>
    public static async Task<CrashScenario> CreateAsync(string folder, bool fromSeed, IReadOnlyDictionary<string, string>? plant = null)
    {
        var published = await Published.CreateAsync(folder, Token);
        await published.Store.CreateDeltaAsync(published.Old.ManifestDigest, published.New.ManifestDigest, TimeProvider.System, null, Token);
        return new CrashScenario(fromSeed ? "update" : "fill", PrepareAsync, RunAsync, (mount, promised) => CheckAsync(published, mount, promised));

        async Task PrepareAsync(string mount)
        {
            if (fromSeed)
            {
                await using var seed = await OpenAsync(Path.Combine(mount, "old"), published.Old, new DirectoryBlobSource(published.Store));
                await seed.FillAsync(() => null, Token);
            }
        }

        async Task RunAsync(Recording recording)
        {
            string[] arguments = [published.Store.Directory, published.New.ManifestDigest, Path.Combine(recording.MountPoint, "new"), .. fromSeed ? (string[])[Path.Combine(recording.MountPoint, "old")] : []];
            using var process = Tool.Start(Path.Combine(AppContext.BaseDirectory, "caisson-test-filler"), arguments, plant);
            await Tool.EndAsync(process, recording.Promised);
        }
    }

    private static async Task CheckAsync(Published published, string mount, IReadOnlySet<string> promised)
    {
        var directory = Path.Combine(mount, "new");
        if (promised.Contains("opened"))
        {
            await using var offline = await OpenAsync(directory, published.New, new NoSource());
            Assert.True(offline.Status.IsComplete || !promised.Contains("complete"), "The image was said to be complete and no longer is.");
            ReadPresent(offline);
        }

        await using var online = await OpenAsync(directory, published.New, new DirectoryBlobSource(published.Store));
        ReadPresent(online);
        await online.FillAsync(() => null, Token);
        Assert.True((await File.ReadAllBytesAsync(online.ImageFile, Token)).AsSpan().SequenceEqual(SampleDisks.New), "The filled image has wrong bytes.");
    }

    private static void ReadPresent(SelfFillingImage image)
    {
        var page = new byte[4096];
        for (var at = 0; at < SampleDisks.New.Length; at += page.Length)
        {
            var part = page.AsSpan(0, Math.Min(page.Length, SampleDisks.New.Length - at));
            Assert.True(!image.TryRead(at, part) || part.SequenceEqual(SampleDisks.New.AsSpan(at, part.Length)), $"The map says the bytes at {at} are here, and they are wrong.");
        }
    }

    private static Task<SelfFillingImage> OpenAsync(string directory, StoredGeneration generation, IBlobSource source) =>
        SelfFillingImage.OpenAsync(directory, generation.ManifestDigest, source, TimeProvider.System, null, Token);

    /// <summary>The network is not there yet.</summary>
    private sealed class NoSource : IBlobSource
    {
        public string Name => "nowhere";

        public Task<byte[]> ReadManifestAsync(string reference, CancellationToken cancellationToken) => throw Away();

        public Task<IBlobSource> ReadRangeAsync(string digest, long offset, Memory<byte> buffer, CancellationToken cancellationToken) => throw Away();

        public Task<IReadOnlyList<OciDescriptor>> ListReferrersAsync(string digest, string artifactType, CancellationToken cancellationToken) => throw Away();

        public void Reject(string digest)
        {
        }

        private static BlobSourceException Away() => new(BlobSourceError.Away, "There is no source.");
    }
}
