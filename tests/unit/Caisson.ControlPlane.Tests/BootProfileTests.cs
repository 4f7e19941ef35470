using System.Net;
using System.Net.Http.Headers;
using Caisson.Chunks;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Tests;

public sealed class BootProfileTests
{
    [Fact]
    public async Task What_PCs_learn_is_merged_goes_with_the_image_and_begins_the_next_generation()
    {
        await using var server = await TestServer.StartAsync();
        var first = await TestPublisher.PublishAsync(server, "work", 1);
        await AssignAsync(server, "work");
        using var pc = await TestPc.EnrolAsync(server, "house");
        var source = new RegistryBlobSource(pc.Client, "work");
        Assert.Null(await StoredBootProfile.FindAsync(source, first.ManifestDigest, TestServer.Cancel));

        Assert.Equal(HttpStatusCode.NoContent, await TellAsync(pc, first.ManifestDigest, Profile(1, 2, 3)));
        using var another = await TestPc.EnrolAsync(server, "house");
        Assert.Equal(HttpStatusCode.NoContent, await TellAsync(another, first.ManifestDigest, Profile(1, 2, 3, 4)));
        var merged = await StoredBootProfile.FindAsync(source, first.ManifestDigest, TestServer.Cancel);
        Assert.Equal(2, merged!.OwnBoots);
        Assert.Equal(Profile(1, 2, 3, 4).Entries, merged.Profile.Entries);

        var second = await TestPublisher.PublishAsync(server, "work", 2);
        var carried = await StoredBootProfile.FindAsync(source, second.ManifestDigest, TestServer.Cancel);
        Assert.Equal((0, merged.Blob.Digest), (carried!.OwnBoots, carried.Blob.Digest));

        // Its own first start takes the place of what it was given.
        await TellAsync(pc, second.ManifestDigest, Profile(9));
        var own = await StoredBootProfile.FindAsync(source, second.ManifestDigest, TestServer.Cancel);
        Assert.Equal(1, own!.OwnBoots);
        Assert.Equal(Profile(9).Entries, own.Profile.Entries);
    }

    [Fact]
    public async Task After_four_starts_no_more_is_taken_and_one_PC_is_heard_once()
    {
        await using var server = await TestServer.StartAsync();
        var generation = await TestPublisher.PublishAsync(server, "work", 1);
        await AssignAsync(server, "work");
        using var pc = await TestPc.EnrolAsync(server, "house");
        var source = new RegistryBlobSource(pc.Client, "work");
        await TellAsync(pc, generation.ManifestDigest, Profile(1, 2));
        Assert.Equal(HttpStatusCode.NoContent, await TellAsync(pc, generation.ManifestDigest, Profile(7, 8) with { Boots = 1000 }));
        Assert.Equal(1, (await StoredBootProfile.FindAsync(source, generation.ManifestDigest, TestServer.Cancel))!.OwnBoots);

        for (var others = 0; others < 3; others++)
        {
            using var other = await TestPc.EnrolAsync(server, "house");
            await TellAsync(other, generation.ManifestDigest, Profile(1, 2));
        }

        using var late = await TestPc.EnrolAsync(server, "house");
        Assert.Equal(HttpStatusCode.NoContent, await TellAsync(late, generation.ManifestDigest, Profile(7, 8)));

        var kept = await StoredBootProfile.FindAsync(source, generation.ManifestDigest, TestServer.Cancel);
        Assert.Equal((4, 4), (kept!.OwnBoots, kept.Profile.Boots));
        Assert.Equal(Profile(1, 2).Entries, kept.Profile.Entries);
    }

    [Fact]
    public async Task Garbage_foreign_images_and_unknown_generations_are_refused()
    {
        await using var server = await TestServer.StartAsync();
        var generation = await TestPublisher.PublishAsync(server, "work", 1);
        var foreign = await TestPublisher.PublishAsync(server, "finance", 2);
        await AssignAsync(server, "work");
        using var pc = await TestPc.EnrolAsync(server, "house");

        Assert.Equal(HttpStatusCode.BadRequest, await TellAsync(pc, generation.ManifestDigest, new byte[100]));
        Assert.Equal(HttpStatusCode.NotFound, await TellAsync(pc, foreign.ManifestDigest, Profile(1), "finance"));
        Assert.Equal(HttpStatusCode.NotFound, await TellAsync(pc, foreign.ManifestDigest, Profile(1)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await TellAsync(pc, generation.ManifestDigest, new byte[4 << 20]));
    }

    private static BootProfile Profile(params int[] numbers) =>
        new(1, [.. numbers.Select(n => new ContentEntry(n * 4096L, 4096, ChunkId.Of(BitConverter.GetBytes(n))))]);

    private static Task<HttpStatusCode> TellAsync(TestPc pc, string digest, BootProfile profile, string image = "work") =>
        TellAsync(pc, digest, BootProfileFormat.Encode(profile), image);

    private static async Task<HttpStatusCode> TellAsync(TestPc pc, string digest, byte[] bytes, string image = "work")
    {
        // Asks before it sends: a server that refuses by length closes the connection, and the rest of the body would break on it.
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{Routes.BootProfiles}/{image}/{digest}") { Content = new ByteArrayContent(bytes), Headers = { ExpectContinue = true } };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypes.BootProfile);
        using var answer = await pc.Client.SendAsync(request, TestServer.Cancel);
        return answer.StatusCode;
    }

    private static async Task AssignAsync(TestServer server, string image)
    {
        using var group = await server.PostAsync("/api/groups", new CreateGroupRequest("house"), ApiJson.Default.CreateGroupRequest);
        using var assigned = await server.PostAsync("/api/assignments", new CreateAssignmentRequest { Group = "house", Workspace = image, Name = image, Kind = WorkspaceKind.Managed, Image = image }, ApiJson.Default.CreateAssignmentRequest);
        Assert.Equal(HttpStatusCode.Created, assigned.StatusCode);
    }
}
