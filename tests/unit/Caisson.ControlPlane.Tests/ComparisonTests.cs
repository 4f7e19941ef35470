using System.IO.Compression;
using System.Net;
using Caisson.ControlPlane.Data;
using Caisson.Images;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Tests;

public sealed class ComparisonTests
{
    [Fact]
    public async Task Two_generations_are_compared_in_the_background_and_the_answer_outlives_the_server()
    {
        await using var server = await TestServer.StartAsync();
        await PublishAsync(server);

        var compared = await ReadyAsync(server, "from=work@1&to=work@2");
        Assert.StartsWith("1 package upgraded", compared.Changes!.Summary, StringComparison.Ordinal);
        Assert.Equal(("work@1", "work@2"), (compared.From, compared.To));

        await server.StopAsync();
        Directory.Move(server.Folder.Store, server.Folder.Store + ".away");
        await server.RunAsync();
        Assert.Equal(ComparisonState.Ready, (await server.GetAsync("/api/images/changes?from=work@1&to=work@2", ApiJson.Default.GenerationComparison)).State);
        Assert.Contains("not in the store", (await ReadyAsync(server, "from=work@2&to=work@1")).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("from=work@1&to=work@9", HttpStatusCode.NotFound)]
    [InlineData("from=work@1&to=none@1", HttpStatusCode.NotFound)]
    [InlineData("from=work&to=work@1", HttpStatusCode.BadRequest)]
    [InlineData("from=work@1", HttpStatusCode.BadRequest)]
    public async Task What_is_no_generation_is_refused(string query, HttpStatusCode status)
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var refused = await server.Admin.GetAsync($"/api/images/changes?{query}", TestServer.Cancel);
        Assert.Equal(status, refused.StatusCode);
    }

    /// <summary>The two small systems of tests/disks as generations 1 and 2 of "work".</summary>
    private static async Task PublishAsync(TestServer server)
    {
        await server.GiveWorkAsync();
        var digests = new List<string>();
        foreach (var disk in (string[])["before", "after"])
        {
            var raw = Path.Combine(server.Folder.Uploads, disk);
            await using (var packed = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "disks", $"{disk}.img.gz")), CompressionMode.Decompress))
            {
                await using var plain = File.Create(raw);
                await packed.CopyToAsync(plain, TestServer.Cancel);
            }

            var request = new ImportRequest { File = raw, Name = "work", Format = ImageFormat.Raw };
            digests.Add((await ImageStore.Open(server.Folder.Store).ImportAsync(request, TimeProvider.System, null, TestServer.Cancel)).ManifestDigest);
            File.Delete(raw);
        }

        await using var db = server.Database();
        var image = await db.Images.SingleAsync(TestServer.Cancel);
        db.Generations.RemoveRange(db.Generations);
        await db.SaveChangesAsync(TestServer.Cancel);
        db.Generations.AddRange(digests.Select((digest, i) => new Generation
        {
            ImageId = image.Id,
            Number = i + 1,
            State = GenerationState.Released,
            ManifestDigest = digest,
            ImageBytes = 1,
            StoredBytes = 1,
            PublishedAt = server.Time.GetUtcNow(),
            DeltaFrom = i == 0 ? null : i,
        }));
        await db.SaveChangesAsync(TestServer.Cancel);
    }

    private static async Task<GenerationComparison> ReadyAsync(TestServer server, string query)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestServer.Cancel);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            var answer = await server.GetAsync($"/api/images/changes?{query}", ApiJson.Default.GenerationComparison);
            if (answer.State != ComparisonState.Pending)
            {
                return answer;
            }

            await Task.Delay(50, deadline.Token);
        }
    }
}
