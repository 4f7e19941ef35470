using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using Caisson.Images;
using Caisson.Protocol.Api;
using Caisson.Testing;

namespace Caisson.Vm.Tests.Server;

/// <summary>kill -9 of the real server: what it acknowledged is there when it is back, and what it did not can be sent again.</summary>
public sealed class ServerKilledTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_killed_during_a_push_and_right_after_a_publication_has_lost_nothing_it_acknowledged()
    {
        using var folder = new TestFolder();
        var store = ImageStore.Open(folder.File("store"));
        var generation = await ImportAsync(store, folder.File("disk.raw"));
        await using var server = await ServerProcess.InitAsync();
        await server.RunAsync();

        var acknowledged = new KillAfterThirdBlob(server);
        using (var client = server.Administrator(acknowledged))
        {
            await Assert.ThrowsAsync<BlobSourceException>(() => PushAsync(client, store, generation));
        }

        await acknowledged.Killed;
        await server.RunAsync();
        using var administrator = server.Administrator();
        Assert.InRange(acknowledged.Blobs.Count, 3, 5);
        foreach (var digest in acknowledged.Blobs)
        {
            using var blob = await administrator.GetAsync(new Uri($"v2/work/blobs/{digest}", UriKind.Relative), Ct);
            Assert.Equal(HttpStatusCode.OK, blob.StatusCode);
            Assert.Equal(await File.ReadAllBytesAsync(store.BlobPath(digest), Ct), await blob.Content.ReadAsByteArrayAsync(Ct));
        }

        await PushAsync(administrator, store, generation);
        using var published = await administrator.PostAsJsonAsync("api/images/work/generations", new PublishGenerationRequest(generation.ManifestDigest), ApiJson.Default.PublishGenerationRequest, Ct);
        Assert.True(published.IsSuccessStatusCode, await published.Content.ReadAsStringAsync(Ct));
        await server.KillAsync();

        await server.RunAsync();
        var known = await administrator.GetFromJsonAsync("api/images/work/generations", ApiJson.Default.PageGenerationInfo, Ct);
        Assert.Equal(generation.ManifestDigest, Assert.Single(known!.Items).ManifestDigest);
        Assert.Equal(await File.ReadAllBytesAsync(store.BlobPath(generation.ManifestDigest), Ct), await administrator.GetByteArrayAsync(new Uri($"v2/work/manifests/{generation.ManifestDigest}", UriKind.Relative), Ct));
    }

    private static Task PushAsync(HttpClient client, ImageStore store, StoredGeneration generation) => new RegistryPush(client, "work").PushAsync(store, generation, TimeProvider.System, null, Ct);

    /// <summary>Random bytes: eight packs or more.</summary>
    private static async Task<StoredGeneration> ImportAsync(ImageStore store, string raw)
    {
        var disk = new byte[32 << 20];
        new Random(1).NextBytes(disk);
        await File.WriteAllBytesAsync(raw, disk, Ct);
        return await store.ImportAsync(new ImportRequest { File = raw, Name = "work", Format = ImageFormat.Raw }, TimeProvider.System, null, Ct);
    }

    /// <summary>Notes every blob the server says it has taken, and kills the server at the third, with others on their way.</summary>
    private sealed class KillAfterThirdBlob(ServerProcess server) : DelegatingHandler
    {
        private readonly TaskCompletionSource killed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int seen;

        public ConcurrentQueue<string> Blobs { get; } = new();

        public Task Killed => killed.Task;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (request.Method == HttpMethod.Put && response.StatusCode == HttpStatusCode.Created)
            {
                Blobs.Enqueue(Uri.UnescapeDataString(request.RequestUri!.Query.Split("digest=")[1]));
                if (Interlocked.Increment(ref seen) == 3)
                {
                    await server.KillAsync();
                    killed.SetResult();
                }
            }

            return response;
        }
    }
}
