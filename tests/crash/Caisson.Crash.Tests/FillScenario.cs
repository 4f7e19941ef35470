using Caisson.Images;
using Caisson.Testing;

namespace Caisson.Crash.Tests;

/// <summary>
/// A process that fills an image from its source, anew or from an old generation and a delta: after the power cut what the map says is here is
/// right, without a source; with one it fills to the end; and once it was complete it stays so. Every second state is met in another boot, as a PC meets
/// it, which compares before it believes; the others in the same boot, where the map itself must hold.
/// </summary>
internal static class FillScenario
{
    private const string AnotherBoot = "another boot";

    /// <summary>What is here needs no source, so it takes no longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <param name="fromSeed">An older generation lies complete on the same disk.</param>
    /// <param name="plant">Environment that puts a bug into the process; null for none.</param>
    public static async Task<CrashScenario> CreateAsync(string folder, bool fromSeed, IReadOnlyDictionary<string, string>? plant = null)
    {
        var published = await Published.CreateAsync(folder, Token);
        await published.Store.CreateDeltaAsync(published.Old.ManifestDigest, published.New.ManifestDigest, TimeProvider.System, null, Token);
        var states = 0;
        return new CrashScenario(fromSeed ? "update" : "fill", PrepareAsync, RunAsync, (mount, promised) => CheckAsync(published, mount, promised, states++ % 2 == 1 ? AnotherBoot : null));

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
            string[] arguments = ["fill", published.Store.Directory, published.New.ManifestDigest, Path.Combine(recording.MountPoint, "new"), .. fromSeed ? (string[])[Path.Combine(recording.MountPoint, "old")] : []];
            using var process = CaissonTool.StartSlow(plant, arguments);
            await Tool.EndAsync(process, recording.Promised);
        }
    }

    /// <param name="boot">Null: this one.</param>
    private static async Task<bool> CheckAsync(Published published, string mount, IReadOnlySet<string> promised, string? boot)
    {
        var directory = Path.Combine(mount, "new");
        var hasClaims = false;
        if (promised.Contains("opened"))
        {
            await using var offline = await OpenAsync(directory, published.New, new NoSource(), boot);
            hasClaims = offline.Status.UncheckedBytes > 0;
            ReadPresent(offline);
            if (promised.Contains("complete"))
            {
                await offline.FillAsync(() => null, Token).WaitAsync(Patience, Token);
                Assert.True(offline.Status is { IsComplete: true, WireBytes: 0 }, "The image was said to be complete and no longer is.");
                ReadPresent(offline);
            }
        }

        await using var online = await OpenAsync(directory, published.New, new DirectoryBlobSource(published.Store), boot);
        ReadPresent(online);
        var read = new byte[SampleDisks.New.Length];
        await online.ReadAsync(0, read, Token);
        Assert.True(read.AsSpan().SequenceEqual(SampleDisks.New), "A read gave wrong bytes.");
        await online.FillAsync(() => null, Token);
        Assert.True((await File.ReadAllBytesAsync(online.ImageFile, Token)).AsSpan().SequenceEqual(SampleDisks.New), "The filled image has wrong bytes.");
        return hasClaims;
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

    private static Task<SelfFillingImage> OpenAsync(string directory, StoredGeneration generation, IBlobSource source, string? boot = null) => boot is null
        ? SelfFillingImage.OpenAsync(directory, generation.ManifestDigest, source, TimeProvider.System, null, Token)
        : SelfFillingImage.OpenAsync(directory, generation.ManifestDigest, source, null, boot, TimeProvider.System, null, Token);

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
