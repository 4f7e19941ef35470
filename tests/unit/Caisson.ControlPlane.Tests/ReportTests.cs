using System.Net;
using System.Net.Http.Headers;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Tests;

public sealed class ReportTests
{
    // A PNG of one pixel.
    private static readonly byte[] s_png = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    [Theory]
    [InlineData(WorkspaceKind.Personal)]
    [InlineData(WorkspaceKind.Managed)]
    public async Task Of_a_personal_workspace_only_its_state_is_kept_whatever_is_sent(WorkspaceKind claimed)
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");

        using var taken = await pc.ReportAsync(pc.Report(1, Full("personal", claimed), Full("work", WorkspaceKind.Managed)));

        Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        var known = (await server.GetAsync($"/api/endpoints/{pc.Id}", ApiJson.Default.EndpointInfo)).Workspaces;
        var personal = known.Single(w => w.Report.Id.Value == "personal").Report;
        Assert.Equal((WorkspaceKind.Personal, WorkspaceState.Running), (personal.Kind, personal.State));
        Assert.Equal((null, 0L, null, null, null, 0), (personal.RunningGeneration, personal.PresentBytes, personal.FirstHeartbeatAt, personal.StartedAt, personal.Problem, personal.GuestFacts.Count));
        Assert.Equal("1", known.Single(w => w.Report.Id.Value == "work").Report.GuestFacts["generation"]);
        var activity = await server.GetAsync($"/api/activity?endpoint={pc.Id}", ApiJson.Default.PageActivityInfo);
        Assert.Contains(activity.Items, a => a.Kind == "workspace.heartbeat" && a.Text.Contains("work on", StringComparison.Ordinal));
        Assert.All(activity.Items, a => Assert.DoesNotContain("personal", a.Text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_first_heartbeat_of_a_start_is_written_once_however_often_it_is_reported()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var start = DateTimeOffset.UnixEpoch.AddTicks(10_001); // Finer than what the database keeps.
        WorkspaceReport Said(DateTimeOffset started, DateTimeOffset? first) => Full("work", WorkspaceKind.Managed) with { StartedAt = started, FirstHeartbeatAt = first };
        WorkspaceReport[] firstStart = [Said(start, null), Said(start, start.AddTicks(77_777)), Said(start, start.AddTicks(77_777)), Said(start, null), Said(start, start.AddSeconds(9))];
        WorkspaceReport[] secondStart = [Said(start.AddMinutes(1), start.AddMinutes(2)), Said(start.AddMinutes(1), start.AddMinutes(2))];

        Assert.Equal(1, await HeartbeatsAsync(firstStart));
        Assert.Equal(2, await HeartbeatsAsync(secondStart));

        async Task<int> HeartbeatsAsync(WorkspaceReport[] reports)
        {
            foreach (var report in reports)
            {
                using var taken = await pc.ReportAsync(pc.Report(1, report));
                Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
            }

            return (await server.GetAsync($"/api/activity?endpoint={pc.Id}", ApiJson.Default.PageActivityInfo)).Items.Count(a => a.Kind == "workspace.heartbeat");
        }
    }

    [Fact]
    public async Task A_report_of_another_pc_is_refused()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        using var other = await TestPc.EnrolAsync(server);

        using var refusal = await pc.ReportAsync(other.Report(1));

        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
    }

    [Fact]
    public async Task A_hostile_report_is_bounded()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var noisy = Full("work", WorkspaceKind.Managed) with
        {
            Problem = new string('x', 5000) + "\u001b[2J",
            GuestFacts = Enumerable.Range(0, 200).ToDictionary(i => $"fact{i}", _ => new string('y', 1000), StringComparer.Ordinal),
        };

        using var taken = await pc.ReportAsync(pc.Report(1, noisy));
        using var escaping = await pc.ReportAsync(pc.Report(1, Full("../../etc", WorkspaceKind.Managed)));
        using var endless = await pc.ReportAsync(pc.Report(long.MaxValue));

        var kept = (await server.GetAsync($"/api/endpoints/{pc.Id}", ApiJson.Default.EndpointInfo)).Workspaces.Single().Report;
        Assert.Equal((500, 32, 256), (kept.Problem!.Length, kept.GuestFacts.Count, kept.GuestFacts["fact0"].Length));
        Assert.Equal(HttpStatusCode.BadRequest, escaping.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, endless.StatusCode);
    }

    [Fact]
    public async Task The_outcome_of_an_order_is_taken_once()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        using var ordered = await server.PostAsync($"/api/endpoints/{pc.Id}/orders", new CreateOrderRequest("work", OrderKind.Restart), ApiJson.Default.CreateOrderRequest);
        var order = (await pc.DesiredAsync()).Orders.Single();

        using var done = await pc.ReportAsync(pc.Report(1) with { Orders = [new OrderResult { Id = order.Id, Outcome = OrderOutcome.Done }] });
        using var again = await pc.ReportAsync(pc.Report(1) with { Orders = [new OrderResult { Id = order.Id, Outcome = OrderOutcome.Failed }] });

        Assert.Empty((await pc.DesiredAsync()).Orders);
        Assert.Equal(OrderOutcome.Done, (await server.GetAsync($"/api/endpoints/{pc.Id}/orders", ApiJson.Default.PageOrderInfo)).Items.Single().Outcome);
    }

    [Fact]
    public async Task A_pc_that_has_seen_more_than_the_server_remembers_is_led_on_from_there()
    {
        await using var server = await TestServer.StartAsync();
        using var pc = await TestPc.EnrolAsync(server);
        var before = await pc.DesiredAsync();

        using var taken = await pc.ReportAsync(pc.Report(before.Sequence + 500));

        Assert.Equal(before.Sequence + 501, (await pc.DesiredAsync()).Sequence);
    }

    [Fact]
    public async Task Pictures_are_kept_of_managed_workspaces_only_and_only_pictures()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        using var reported = await pc.ReportAsync(pc.Report(1, Full("work", WorkspaceKind.Managed)));

        using var work = await pc.Client.PostAsync(Routes.Screenshot + "/work", Png(s_png), TestServer.Cancel);
        using var personal = await pc.Client.PostAsync(Routes.Screenshot + "/personal", Png(s_png), TestServer.Cancel);
        using var text = await pc.Client.PostAsync(Routes.Screenshot + "/work", Png("<script>"u8.ToArray()), TestServer.Cancel);
        using var elsewhere = await pc.Client.PostAsync(Routes.Screenshot + "/..%2F..%2Fkeys", Png(s_png), TestServer.Cancel);
        using var shown = await server.Admin.GetAsync($"/api/endpoints/{pc.Id}/workspaces/work/screenshot", TestServer.Cancel);
        using var hidden = await server.Admin.GetAsync($"/api/endpoints/{pc.Id}/workspaces/personal/screenshot", TestServer.Cancel);

        Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.Forbidden, HttpStatusCode.BadRequest, HttpStatusCode.Forbidden], ((HttpResponseMessage[])[work, personal, text, elsewhere]).Select(r => r.StatusCode));
        Assert.Equal(s_png, await shown.Content.ReadAsByteArrayAsync(TestServer.Cancel));
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        Assert.NotNull((await server.GetAsync($"/api/endpoints/{pc.Id}", ApiJson.Default.EndpointInfo)).Workspaces.Single().ScreenshotAt);
        Assert.Single(Directory.EnumerateFiles(server.Folder.Screenshots, "*", SearchOption.AllDirectories));
    }

    private static ByteArrayContent Png(byte[] bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("image/png") } };

    private static WorkspaceReport Full(string id, WorkspaceKind kind) => new()
    {
        Id = new WorkspaceId(id),
        Kind = kind,
        State = WorkspaceState.Running,
        RunningGeneration = 1,
        PresentBytes = 10,
        ImageBytes = 20,
        StartedAt = DateTimeOffset.UnixEpoch,
        FirstHeartbeatAt = DateTimeOffset.UnixEpoch,
        LastHeartbeatAt = DateTimeOffset.UnixEpoch,
        GuestFacts = new Dictionary<string, string>(StringComparer.Ordinal) { ["generation"] = "1" },
        Problem = "something private",
    };
}
