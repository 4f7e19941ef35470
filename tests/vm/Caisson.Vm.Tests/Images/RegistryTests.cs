using System.Net;
using Caisson.Images;

namespace Caisson.Vm.Tests.Images;

/// <summary>Push to and pull from a registry that others wrote.</summary>
public sealed class RegistryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("caisson-registry-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_generation_and_its_delta_travel_through_a_registry_without_a_referrers_api()
    {
        await using var registry = await DockerRegistry.StartAsync(_folder, Token);
        var (content, store, generations, delta) = await MakeAsync();
        foreach (var generation in generations)
        {
            await new RegistryPush(registry.Client, "site/work").PushAsync(store, generation, TimeProvider.System, null, Token);
        }

        var source = new RegistryBlobSource(registry.Client, "site/work");
        Assert.Equal(HttpStatusCode.NotFound, (await registry.Client.GetAsync(new Uri($"v2/site/work/referrers/{generations[1].ManifestDigest}", UriKind.Relative), Token)).StatusCode);
        Assert.Equal(await File.ReadAllBytesAsync(store.BlobPath(generations[1].ManifestDigest), Token), await source.ReadManifestAsync("2", Token));
        Assert.Equal(delta.ManifestDigest, Assert.Single(await source.ListReferrersAsync(generations[1].ManifestDigest, MediaTypes.Delta, Token)).Digest);
        Assert.Empty(await source.ListReferrersAsync(generations[0].ManifestDigest, MediaTypes.Delta, Token));

        await using (var first = await OpenAsync("a", generations[0], source))
        {
            var buffer = new byte[100_000];
            await first.ReadAsync(3_000_000, buffer, Token);
            Assert.True(first.Status.WireBytes < generations[0].StoredBytes / 2);
            await first.FillAsync(() => null, Token);
            Assert.Equal(content[0], await File.ReadAllBytesAsync(first.ImageFile, Token));
        }

        await using var second = await SelfFillingImage.OpenAsync(this["b"], generations[1].ManifestDigest, source, this["a"], TimeProvider.System, null, Token);
        await second.PrepareFromDeltaAsync(this["a"], () => null, Token);
        Assert.True(second.Status.IsComplete);
        Assert.InRange(second.Status.WireBytes, 1, delta.Bytes);
        Assert.Equal(content[1], await File.ReadAllBytesAsync(second.ImageFile, Token));
    }

    [Fact]
    public async Task A_second_push_sends_no_blob_and_keeps_the_list_of_deltas()
    {
        await using var registry = await DockerRegistry.StartAsync(_folder, Token);
        var (_, store, generations, delta) = await MakeAsync();
        using var counting = new CountUploads();
        using var client = new HttpClient(counting) { BaseAddress = registry.Client.BaseAddress };
        await new RegistryPush(client, "work").PushAsync(store, generations[1], TimeProvider.System, null, Token);
        var once = counting.Uploads;
        await new RegistryPush(client, "work").PushAsync(store, generations[1], TimeProvider.System, null, Token);

        Assert.True(once > 3);
        Assert.Equal(once, counting.Uploads);
        Assert.Equal([delta.ManifestDigest], (await new RegistryBlobSource(client, "work").ListReferrersAsync(generations[1].ManifestDigest, MediaTypes.Delta, Token)).Select(entry => entry.Digest));
    }

    [Fact]
    public async Task What_a_registry_does_not_have_is_missing_and_a_registry_that_is_gone_is_away()
    {
        var registry = await DockerRegistry.StartAsync(_folder, Token);
        using var client = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        var source = new RegistryBlobSource(client, "work");
        var digest = "sha256:" + new string('0', 64);
        Assert.Equal(BlobSourceError.Missing, (await Assert.ThrowsAsync<BlobSourceException>(() => source.ReadManifestAsync(digest, Token))).Error);
        Assert.Equal(BlobSourceError.Missing, (await Assert.ThrowsAsync<BlobSourceException>(() => source.ReadRangeAsync(digest, 0, new byte[10], Token))).Error);
        await registry.DisposeAsync();
        Assert.Equal(BlobSourceError.Away, (await Assert.ThrowsAsync<BlobSourceException>(() => source.ReadManifestAsync(digest, Token))).Error);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string this[string name] => Path.Combine(_folder, name);

    private Task<SelfFillingImage> OpenAsync(string name, StoredGeneration generation, IBlobSource source) =>
        SelfFillingImage.OpenAsync(this[name], generation.ManifestDigest, source, TimeProvider.System, null, Token);

    private async Task<(byte[][] Content, ImageStore Store, StoredGeneration[] Generations, StoredDelta Delta)> MakeAsync()
    {
        var old = await Stores.WriteDiskAsync(this["1.raw"], 1, 9_000_123);
        var updated = (byte[])old.Clone();
        new Random(2).NextBytes(updated.AsSpan(4_000_000, 300_000));
        await File.WriteAllBytesAsync(this["2.raw"], updated, Token);
        StoredGeneration[] generations = [await Stores.ImportAsync(this["store"], this["1.raw"]), await Stores.ImportAsync(this["store"], this["2.raw"])];
        var store = ImageStore.Open(this["store"]);
        return ([old, updated], store, generations, await store.CreateDeltaAsync(generations[0].ManifestDigest, generations[1].ManifestDigest, TimeProvider.System, null, Token));
    }

    private sealed class CountUploads() : DelegatingHandler(new SocketsHttpHandler())
    {
        public int Uploads { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            lock (this)
            {
                Uploads += request.Method == HttpMethod.Post ? 1 : 0;
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
