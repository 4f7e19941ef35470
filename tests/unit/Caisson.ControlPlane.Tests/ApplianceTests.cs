using System.Net;
using System.Net.Http.Json;
using Caisson.Protocol;
using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Tests;

public sealed class ApplianceTests
{
    [Fact]
    public async Task A_groups_PCs_are_told_which_appliance_to_take_and_may_read_it()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var published = await TestPublisher.PublishAsync(server, "appliance", 7);
        Assert.Null((await pc.DesiredAsync()).Appliance);
        Assert.Equal(HttpStatusCode.NotFound, await ReadAsync(pc, published));

        Assert.Equal(HttpStatusCode.NoContent, await GiveAsync(server, "appliance"));
        using (var released = await server.Admin.PutAsync("/api/images/appliance/generations/1/state", JsonContent.Create(new SetGenerationStateRequest(GenerationState.Released), ApiJson.Default.SetGenerationStateRequest), TestServer.Cancel))
        {
            Assert.Equal(HttpStatusCode.OK, released.StatusCode);
        }

        Assert.Equal(new GenerationReference("appliance", 1, published.ManifestDigest), (await pc.DesiredAsync()).Appliance);
        Assert.Equal(HttpStatusCode.OK, await ReadAsync(pc, published));
        Assert.Equal("appliance", (await server.GetAsync("/api/groups", ApiJson.Default.PageGroupInfo)).Items.Single(g => g.Name == "house").Appliance);

        Assert.Equal(HttpStatusCode.NoContent, await GiveAsync(server, null));
        Assert.Null((await pc.DesiredAsync()).Appliance);
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_given_to_nobody()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        Assert.Equal(HttpStatusCode.NotFound, await GiveAsync(server, "no-such-image"));
    }

    [Fact]
    public async Task What_a_PC_says_of_its_versions_is_kept_bounded_and_each_change_is_a_sentence_once()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var waits = new ApplianceReport { Version = 1, Floor = 1, Waiting = 2 };
        var refused = waits with { Waiting = null, Refused = [new RefusedAppliance(2, "It did not come up.\n" + new string('x', 9000), DateTimeOffset.UnixEpoch)] };
        foreach (var said in (ApplianceReport[])[waits, waits, refused, refused])
        {
            using var taken = await pc.ReportAsync(pc.Report(1) with { Appliance = said });
            Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        }

        var known = (await server.GetAsync($"/api/endpoints/{pc.Id}", ApiJson.Default.EndpointInfo)).Appliance!;
        Assert.Equal((1, 500), (known.Version, known.Refused.Single().Reason.Length));
        var kinds = (await server.GetAsync($"/api/activity?endpoint={pc.Id}", ApiJson.Default.PageActivityInfo)).Items.Select(a => a.Kind).Where(k => k.StartsWith("appliance.", StringComparison.Ordinal));
        Assert.Equal(["appliance.refused", "appliance.version", "appliance.waits"], kinds.Order(StringComparer.Ordinal));
    }

    private static async Task<HttpStatusCode> GiveAsync(TestServer server, string? image)
    {
        using var answer = await server.Admin.PutAsync("/api/groups/house/appliance", JsonContent.Create(new SetGroupApplianceRequest(image), ApiJson.Default.SetGroupApplianceRequest), TestServer.Cancel);
        return answer.StatusCode;
    }

    private static async Task<HttpStatusCode> ReadAsync(TestPc pc, GenerationInfo of)
    {
        using var answer = await pc.Client.GetAsync($"/v2/appliance/manifests/{of.ManifestDigest}", TestServer.Cancel);
        return answer.StatusCode;
    }
}
