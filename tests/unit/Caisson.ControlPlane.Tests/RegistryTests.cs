using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Caisson.ControlPlane.Data;
using Caisson.Images;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Tests;

public sealed class RegistryTests(SharedServer shared)
{
    [Fact]
    public async Task What_an_administrator_pushes_and_publishes_an_assigned_pc_pulls_by_ranges_and_the_access_log_counts_it()
    {
        await using var server = await TestServer.StartAsync();
        var pack = RandomNumberGenerator.GetBytes(300_000);
        await PushAsync(server, "work", pack, Published(server, "work"));
        using var pc = await TestPc.EnrolAsync(server, "house");

        using var part = await RangeAsync(pc.Client, $"/v2/work/blobs/{Digest(pack)}", 1000, 1999);
        using var tail = await RangeAsync(pc.Client, $"/v2/work/blobs/{Digest(pack)}", 299_990, null);
        using var beyond = await RangeAsync(pc.Client, $"/v2/work/blobs/{Digest(pack)}", 300_000, null);
        using var whole = await pc.Client.GetAsync($"/v2/work/blobs/{Digest(pack)}", TestServer.Cancel);
        using var manifest = await pc.Client.GetAsync("/v2/work/manifests/1", TestServer.Cancel);
        using var referrers = await pc.Client.GetAsync($"/v2/work/referrers/{Digest(await manifest.Content.ReadAsByteArrayAsync(TestServer.Cancel))}", TestServer.Cancel);

        Assert.Equal((HttpStatusCode.PartialContent, HttpStatusCode.PartialContent, HttpStatusCode.RequestedRangeNotSatisfiable), (part.StatusCode, tail.StatusCode, beyond.StatusCode));
        Assert.Equal(pack[1000..2000], await part.Content.ReadAsByteArrayAsync(TestServer.Cancel));
        Assert.Equal(pack[299_990..], await tail.Content.ReadAsByteArrayAsync(TestServer.Cancel));
        Assert.Equal(pack, await whole.Content.ReadAsByteArrayAsync(TestServer.Cancel));
        Assert.Equal(MediaTypes.OciIndex, referrers.Content.Headers.ContentType!.MediaType);
        Assert.Empty(JsonSerializer.Deserialize(await referrers.Content.ReadAsStringAsync(TestServer.Cancel), OciJson.Default.OciIndex)!.Manifests);
        await server.StopAsync();
        var logged = File.ReadLines(server.Folder.AccessLog).Select(l => JsonDocument.Parse(l).RootElement)
            .Where(l => l.GetProperty("listener").GetString() == "endpoint" && l.GetProperty("path").GetString()!.EndsWith(Digest(pack), StringComparison.Ordinal) && l.GetProperty("status").GetInt32() < 400);
        Assert.Equal(1000 + 10 + 300_000, logged.Sum(l => l.GetProperty("bytes").GetInt64()));
    }

    [Fact]
    public async Task A_pc_reads_only_what_it_is_assigned_and_pushes_nothing()
    {
        await using var server = await TestServer.StartAsync();
        var secret = "secret"u8.ToArray();
        await PushAsync(server, "finance", secret, assign: null);
        await PushAsync(server, "work", "work"u8.ToArray(), Published(server, "work"));
        using var pc = await TestPc.EnrolAsync(server, "house");

        using var foreign = await pc.Client.GetAsync($"/v2/finance/blobs/{Digest(secret)}", TestServer.Cancel);
        using var through = await pc.Client.GetAsync($"/v2/work/blobs/{Digest(secret)}", TestServer.Cancel);
        using var push = await pc.Client.PostAsync("/v2/work/blobs/uploads/", null, TestServer.Cancel);

        Assert.All((HttpResponseMessage[])[foreign, through, push], r => Assert.Equal(HttpStatusCode.NotFound, r.StatusCode));
    }

    [Fact]
    public async Task A_delta_a_pc_asks_for_is_made_for_whoever_comes_next()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        var published = new List<GenerationInfo>();
        for (var number = 1; number <= 6; number++)
        {
            published.Add(await TestPublisher.PublishAsync(server, "work", seed: number));
        }

        using var pc = await TestPc.EnrolAsync(server, "house");
        var (from, to) = (published[1].ManifestDigest, published[5].ManifestDigest);
        Assert.DoesNotContain(from, await BasesAsync(pc, to));

        using var asked = await pc.Client.GetAsync($"/v2/work/manifests/{DeltaAsk.Tag(from, to)}", TestServer.Cancel);
        Assert.Equal(HttpStatusCode.NotFound, asked.StatusCode);
        while (!(await BasesAsync(pc, to)).Contains(from))
        {
            await Task.Delay(50, TestServer.Cancel);
        }

        // The last three were made without being asked for.
        while (await BasesAsync(pc, to) is var made && !published[2..5].All(g => made.Contains(g.ManifestDigest)))
        {
            await Task.Delay(50, TestServer.Cancel);
        }
    }

    private static async Task<List<string?>> BasesAsync(TestPc pc, string to)
    {
        using var answer = await pc.Client.GetAsync($"/v2/work/referrers/{to}?artifactType={Uri.EscapeDataString(MediaTypes.Delta)}", TestServer.Cancel);
        var index = JsonSerializer.Deserialize(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(TestServer.Cancel), OciJson.Default.OciIndex)!;
        return [.. index.Manifests.Select(m => m.Annotations?.GetValueOrDefault(MediaTypes.BaseAnnotation))];
    }

    [Theory]
    [InlineData("/v2/work/blobs/..%2F..%2Fkeys%2Fca.key")]
    [InlineData("/v2/work/blobs/sha256:..%2F..%2F..%2Fkeys%2Fca.key")]
    [InlineData("/v2/..%2Fkeys/manifests/ca.key")]
    [InlineData("/v2/work/manifests/..%2F..%2F..%2Fkeys%2Fca.key")]
    [InlineData("/v2/work/blobs/uploads/..%2F..%2Fconfig.json")]
    [InlineData("/v2/work/blobs/sha256:ABCDEF0000000000000000000000000000000000000000000000000000000000")]
    [InlineData("/novnc/..%2F..%2F..%2Fetc%2Fpasswd")]
    public async Task No_name_leads_out_of_the_store(string path)
    {
        var server = shared.Server;

        using var refusal = await server.Admin.GetAsync(new Uri(server.Admin.BaseAddress + path.TrimStart('/'), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }), TestServer.Cancel);

        Assert.True(refusal.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{refusal.StatusCode}");
    }

    [Fact]
    public async Task A_blob_with_other_bytes_than_its_digest_is_not_kept()
    {
        var server = shared.Server;
        var digest = Digest("right"u8);
        using var refusal = await UploadAsync(server, "work", "wrong"u8.ToArray(), digest);
        using var head = await server.Admin.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v2/work/blobs/{digest}"), TestServer.Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, head.StatusCode);
    }

    [Fact]
    public async Task A_published_number_never_becomes_another_manifest()
    {
        await using var server = await TestServer.StartAsync();
        await PushAsync(server, "work", "one"u8.ToArray(), Published(server, "work"));

        using var refusal = await PushManifestAsync(server, "work", "two"u8.ToArray());

        Assert.Equal(HttpStatusCode.Conflict, refusal.StatusCode);
    }

    [Fact]
    public async Task Two_administrators_with_stores_of_their_own_publish_one_after_the_other()
    {
        await using var server = await TestServer.StartAsync();

        var first = await TestPublisher.PublishAsync(server, "work", seed: 1);
        var second = await TestPublisher.PublishAsync(server, "work", seed: 2);

        Assert.Equal((1, 2), (first.Number, second.Number));
        using var tagged = await server.Admin.GetAsync("/v2/work/manifests/2", TestServer.Cancel);
        Assert.Equal(second.ManifestDigest, tagged.Headers.GetValues("Docker-Content-Digest").Single());
    }

    private static Func<string, Task> Published(TestServer server, string image) => async manifestDigest =>
    {
        using var published = await server.PostAsync($"/api/images/{image}/generations", new PublishGenerationRequest(manifestDigest), ApiJson.Default.PublishGenerationRequest);
        Assert.Equal(HttpStatusCode.Created, published.StatusCode);
        using var group = await server.PostAsync("/api/groups", new CreateGroupRequest("house"), ApiJson.Default.CreateGroupRequest);
        using var assigned = await server.PostAsync("/api/assignments", new CreateAssignmentRequest { Group = "house", Workspace = image, Name = image, Kind = Protocol.WorkspaceKind.Managed, Image = image }, ApiJson.Default.CreateAssignmentRequest);
        Assert.Equal(HttpStatusCode.Created, assigned.StatusCode);
    };

    private static async Task PushAsync(TestServer server, string repository, byte[] pack, Func<string, Task>? assign)
    {
        using var pushed = await PushManifestAsync(server, repository, pack);
        Assert.Equal(HttpStatusCode.Created, pushed.StatusCode);
        if (assign is not null)
        {
            await assign(pushed.Headers.GetValues("Docker-Content-Digest").Single());
        }
    }

    /// <summary>Config and one layer, then the manifest under tag 1.</summary>
    private static async Task<HttpResponseMessage> PushManifestAsync(TestServer server, string repository, byte[] pack)
    {
        var config = Encoding.UTF8.GetBytes($$"""{"name":"{{repository}}","number":1,"imageBytes":4096,"storedBytes":{{pack.Length}},"chunkCount":1,"created":"2026-01-01T00:00:00Z"}""");
        foreach (var blob in (byte[][])[config, pack])
        {
            using var kept = await UploadAsync(server, repository, blob, Digest(blob));
            Assert.Equal(HttpStatusCode.Created, kept.StatusCode);
        }

        var manifest = new OciManifest
        {
            ArtifactType = MediaTypes.Generation,
            Config = new OciDescriptor { MediaType = MediaTypes.GenerationConfig, Digest = Digest(config), Size = config.Length },
            Layers = [new OciDescriptor { MediaType = MediaTypes.Pack, Digest = Digest(pack), Size = pack.Length }],
        };
        return await server.Admin.PutAsync($"/v2/{repository}/manifests/1", new ByteArrayContent(manifest.ToBytes()) { Headers = { ContentType = new MediaTypeHeaderValue(MediaTypes.OciManifest) } }, TestServer.Cancel);
    }

    private static async Task<HttpResponseMessage> UploadAsync(TestServer server, string repository, byte[] blob, string digest)
    {
        using var begun = await server.Admin.PostAsync($"/v2/{repository}/blobs/uploads/", null, TestServer.Cancel);
        var half = blob.Length / 2;
        using var first = await server.Admin.PatchAsync(begun.Headers.Location, new ByteArrayContent(blob[..half]), TestServer.Cancel);
        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        return await server.Admin.PutAsync($"{begun.Headers.Location}?digest={digest}", new ByteArrayContent(blob[half..]), TestServer.Cancel);
    }

    private static Task<HttpResponseMessage> RangeAsync(HttpClient client, string path, long from, long? to)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Range = new RangeHeaderValue(from, to);
        return client.SendAsync(request, TestServer.Cancel);
    }

    private static string Digest(ReadOnlySpan<byte> bytes) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes));
}
