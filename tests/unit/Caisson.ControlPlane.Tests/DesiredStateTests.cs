using System.Net;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Caisson.ControlPlane.Tests;

public sealed class DesiredStateTests
{
    [Fact]
    public async Task A_release_raises_the_sequence_and_nothing_else_does()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var first = await pc.DesiredAsync();
        var same = await pc.DesiredAsync();
        await using (var db = server.Database())
        {
            db.Add(server.Generation(db.Images.Single().Id, 2, GenerationState.Draft));
            await db.SaveChangesAsync(TestServer.Cancel);
        }

        var draft = await pc.DesiredAsync();
        using var released = await server.Admin.PutAsync("/api/images/work/generations/2/state", System.Net.Http.Json.JsonContent.Create(new SetGenerationStateRequest(GenerationState.Released), ApiJson.Default.SetGenerationStateRequest), TestServer.Cancel);
        var second = await pc.DesiredAsync();

        Assert.Equal(HttpStatusCode.OK, released.StatusCode);
        Assert.Equal(first.Sequence, same.Sequence);
        Assert.Equal(first.Sequence, draft.Sequence);
        Assert.Equal(first.Sequence + 1, second.Sequence);
        Assert.All(second.Workspaces, w => Assert.Equal(2, w.Generation.Number));
    }

    [Fact]
    public async Task A_known_state_is_answered_with_304_and_when_to_come_next()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        using var first = await pc.Client.GetAsync(Routes.DesiredState, TestServer.Cancel);
        using var request = new HttpRequestMessage(HttpMethod.Get, Routes.DesiredState);
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var second = await pc.Client.SendAsync(request, TestServer.Cancel);

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.InRange(double.Parse(second.Headers.GetValues(Routes.NextPollHeader).Single(), System.Globalization.CultureInfo.InvariantCulture), 5, 6);
        Assert.False(second.Headers.Contains(Routes.HoldHeader));
    }

    [Fact]
    public async Task A_held_request_is_answered_as_soon_as_an_order_is_given()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        using var opened = await server.Admin.GetAsync($"/api/endpoints/{pc.Id}", TestServer.Cancel);
        using var first = await pc.Client.GetAsync(Routes.DesiredState, TestServer.Cancel);
        using var request = new HttpRequestMessage(HttpMethod.Get, Routes.DesiredState + "?wait=30");
        request.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        var held = pc.Client.SendAsync(request, TestServer.Cancel);
        using var ordered = await server.PostAsync($"/api/endpoints/{pc.Id}/orders", new CreateOrderRequest("work", OrderKind.Restart), ApiJson.Default.CreateOrderRequest);
        using var answer = await held.WaitAsync(TimeSpan.FromSeconds(20), TestServer.Cancel);

        Assert.Equal("30", first.Headers.GetValues(Routes.HoldHeader).Single());
        Assert.Equal(HttpStatusCode.Accepted, ordered.StatusCode);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(OrderKind.Restart, (await pc.DesiredAsync()).Orders.Single().Kind);
    }

    [Theory]
    [InlineData(OrderKind.Display)]
    [InlineData(OrderKind.Screenshot)]
    public async Task A_personal_workspace_is_never_shown(OrderKind kind)
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        using var refusal = kind == OrderKind.Display
            ? await server.Admin.PostAsync($"/api/endpoints/{pc.Id}/workspaces/personal/display", null, TestServer.Cancel)
            : await server.PostAsync($"/api/endpoints/{pc.Id}/orders", new CreateOrderRequest("personal", kind), ApiJson.Default.CreateOrderRequest);
        await using (var db = server.Database())
        {
            // An order that got into the database by another way is not sent either.
            db.Add(new IssuedOrder { Id = "o-smuggled", EndpointId = pc.Id, WorkspaceId = "personal", Kind = kind, Stream = "s", CreatedAt = server.Time.GetUtcNow(), ExpiresAt = server.Time.GetUtcNow().AddHours(1) });
            await db.SaveChangesAsync(TestServer.Cancel);
        }

        Assert.Equal(ProblemCodes.PersonalWorkspace, await TestServer.CodeAsync(refusal));
        Assert.Empty((await pc.DesiredAsync()).Orders);
    }

    [Fact]
    public async Task Of_two_groups_that_give_the_same_workspace_the_older_assignment_counts_and_the_test_track_runs_ahead()
    {
        await using var server = await TestServer.StartAsync();
        var image = new MasterImage { Id = 1, Name = "work", CreatedAt = server.Time.GetUtcNow() };
        List<Generation> generations = [.. new[] { server.Generation(1, 1), server.Generation(1, 2, GenerationState.Test), server.Generation(1, 3, GenerationState.Draft), server.Generation(1, 4, GenerationState.Retired) }
            .Select(g => new Generation { ImageId = 1, Image = image, Number = g.Number, State = g.State, ManifestDigest = g.ManifestDigest, ImageBytes = 1, StoredBytes = 1, PublishedAt = g.PublishedAt })];
        Assignment Assigned(int id, string workspace, AssignmentTrack track) => new() { Id = id, GroupId = id, WorkspaceId = workspace, Name = $"{id}", Kind = WorkspaceKind.Managed, ImageName = "work", Track = track, MemoryMiB = 512, Cpus = 1, UserVolumeBytes = 0, AutoStart = true };

        var content = DesiredStateComposition.Compose(null, [Assigned(2, "work", AssignmentTrack.Test), Assigned(1, "work", AssignmentTrack.Released), Assigned(3, "lab", AssignmentTrack.Test)], generations, [], server.Time.GetUtcNow());

        Assert.Equal([("lab", "3", 2), ("work", "1", 1)], content.Workspaces.Select(w => (w.Id.Value, w.Name, w.Generation.Number)));
    }

    [Fact]
    public async Task Many_at_once_see_one_number_for_one_content()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var states = server.Services.GetRequiredService<DesiredStates>();

        var got = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => states.GetAsync(pc.Id, TestServer.Cancel)));

        Assert.Single(got.Select(s => s.Sequence).Distinct());
    }
}
