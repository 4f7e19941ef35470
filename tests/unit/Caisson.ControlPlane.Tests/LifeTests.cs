using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Caisson.ControlPlane.Console;
using Caisson.ControlPlane.Console.Pcs;
using Caisson.ControlPlane.Console.Today;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.ControlPlane.Live;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Caisson.ControlPlane.Tests;

/// <summary>How generations live on PCs, as the server takes it in and shows it.</summary>
public sealed class LifeTests
{
    // A PNG of one pixel.
    private static readonly byte[] s_png = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    private static readonly StartEvidence s_seen = new() { Id = "e-1", Generation = 2, At = DateTimeOffset.UnixEpoch, Failure = StartFailure.Silent, Text = "A start of work@2 failed." };

    private static readonly GenerationLife s_rolledBack = new() { Health = GenerationHealth.RolledBack, Committed = 1, Kept = [], Refused = 2, Failure = StartFailure.Silent, Evidence = [s_seen] };

    [Fact]
    public async Task A_roll_back_is_told_once_listed_and_shown_with_what_was_seen()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        for (var i = 0; i < 2; i++)
        {
            using var taken = await pc.ReportAsync(pc.Report(1, Work(s_rolledBack)));
            Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        }

        using var screen = await PostAsync(pc, "work/e-1/screen", s_png, "image/png");
        using var serial = await PostAsync(pc, "work/e-1/serial", "[1;31mpanic\u001b[0m"u8.ToArray(), "text/plain");
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (screen.StatusCode, serial.StatusCode));

        var known = await server.GetAsync($"/api/endpoints?health=RolledBack", ApiJson.Default.PageEndpointInfo);
        Assert.Equal((GenerationHealth.RolledBack, 1, 2), (known.Items.Single().Workspaces.Single().Report.Life!.Health, known.Items.Single().Workspaces.Single().Report.Life!.Committed, known.Items.Single().Workspaces.Single().Report.Life!.Refused));
        Assert.Empty((await server.GetAsync("/api/endpoints?health=PcFault", ApiJson.Default.PageEndpointInfo)).Items);
        var seen = (await server.GetAsync($"/api/endpoints/{pc.Id}/workspaces/work/evidence", ApiJson.Default.PageEvidenceInfo)).Items.Single();
        Assert.Equal((s_seen, true, true), (seen.Evidence, seen.HasScreen, seen.HasSerial));
        Assert.Equal(s_png, await server.Admin.GetByteArrayAsync($"/api/endpoints/{pc.Id}/workspaces/work/evidence/e-1/screen", TestServer.Cancel));
        var activity = await server.GetAsync($"/api/activity?endpoint={pc.Id}&kind=workspace.rolled-back", ApiJson.Default.PageActivityInfo);
        Assert.Equal("work on pc-under-test went back to generation 1: generation 2 failed twice, the desktop did not answer.", activity.Items.Single().Text);

        await using var db = server.Database();
        var need = Assert.Single(await LifeTroubles.ReadAsync(db, await Given.ReadAsync(db, TestServer.Cancel), 6, TestServer.Cancel));
        Assert.Equal("pc-under-test went back to Work generation 1: the desktop did not answer", need.Text);
        Assert.Equal(($"/pcs/{pc.Id}/workspaces/work/starts/e-1", "/groups/house"), (need.Seen!.Href, need.Also!.Value.Href));
        Assert.Equal([pc.Id], await Troubles.Pcs(db).ToListAsync(TestServer.Cancel));
    }

    [Fact]
    public async Task Of_a_personal_workspace_no_life_and_no_evidence_is_kept()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        using var taken = await pc.ReportAsync(pc.Report(1, Work(s_rolledBack) with { Id = new WorkspaceId("personal") }));

        using var screen = await PostAsync(pc, "personal/e-1/screen", s_png, "image/png");

        Assert.Equal(HttpStatusCode.Forbidden, screen.StatusCode);
        await using var db = server.Database();
        Assert.Empty(await db.Evidence.ToListAsync(TestServer.Cancel));
        Assert.Null((await db.Workspaces.SingleAsync(TestServer.Cancel)).Health);
    }

    [Fact]
    public async Task A_picture_of_one_PC_says_nothing_new_of_another()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        using var other = await TestPc.EnrolAsync(server, "house");
        using var taken = await pc.ReportAsync(pc.Report(1, Work(s_rolledBack)));
        var changes = server.Services.GetRequiredService<Changes>();
        var (before, beforeOther) = (changes.Version(pc.Id), changes.Version(other.Id));

        using var screen = await PostAsync(pc, "work/e-1/screen", s_png, "image/png");

        Assert.NotEqual(before, changes.Version(pc.Id));
        Assert.Equal(beforeOther, changes.Version(other.Id));
    }

    [Fact]
    public async Task Evidence_is_of_assigned_workspaces_goes_with_them_and_is_ordered_by_the_servers_clock()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        using var invented = await pc.ReportAsync(pc.Report(1, Work(s_rolledBack) with { Id = new WorkspaceId("invented") }));
        await using (var db = server.Database())
        {
            Assert.Empty(await db.Evidence.ToListAsync(TestServer.Cancel));
        }

        var ahead = Enumerable.Range(0, 5).Select(i => s_seen with { Id = $"e-{i}", At = DateTimeOffset.UnixEpoch.AddYears(90) });
        using var first = await pc.ReportAsync(pc.Report(1, Work(s_rolledBack with { Evidence = [.. ahead] })));
        server.Time.Advance(TimeSpan.FromMinutes(1));
        using var second = await pc.ReportAsync(pc.Report(1, Work(s_rolledBack with { Evidence = [s_seen with { Id = "e-9" }] })));
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (first.StatusCode, second.StatusCode));
        Assert.Equal("e-9", (await server.GetAsync($"/api/endpoints/{pc.Id}/workspaces/work/evidence", ApiJson.Default.PageEvidenceInfo)).Items[0].Evidence.Id);
        using var screen = await PostAsync(pc, "work/e-9/screen", s_png, "image/png");
        var file = Path.Combine(server.Folder.Evidence, pc.Id, "work", "e-9.png");
        Assert.True(File.Exists(file));

        using var gone = await pc.ReportAsync(pc.Report(1));
        Assert.False(File.Exists(file));
        await using var after = server.Database();
        Assert.Empty(await after.Evidence.ToListAsync(TestServer.Cancel));
    }

    [Fact]
    public async Task A_generation_a_group_was_rolled_back_to_cannot_be_retired_under_it()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        var work = (await server.GetAsync("/api/assignments", ApiJson.Default.PageAssignmentInfo)).Items.Single(a => a.Workspace == "work");
        using var held = await HoldAsync(server, work.Id, 1);
        using var refused = await RetireAsync();
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("house was rolled back to generation 1", await refused.Content.ReadAsStringAsync(TestServer.Cancel), StringComparison.Ordinal);
        using var follows = await HoldAsync(server, work.Id, null);
        using var retired = await RetireAsync();
        Assert.True(retired.IsSuccessStatusCode);

        Task<HttpResponseMessage> RetireAsync() => server.Admin.PutAsync("/api/images/work/generations/1/state", JsonContent.Create(new SetGenerationStateRequest(GenerationState.Retired), ApiJson.Default.SetGenerationStateRequest), TestServer.Cancel);
    }

    [Fact]
    public async Task Hostile_evidence_is_bounded()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var many = Enumerable.Range(0, 200).Select(i => s_seen with { Id = $"e-{i}", At = DateTimeOffset.UnixEpoch.AddMinutes(i), Text = new string('x', 900) });
        using var taken = await pc.ReportAsync(pc.Report(1, Work(s_rolledBack with { Evidence = [.. many, s_seen with { Id = "../../keys" }] })));
        using var unknown = await PostAsync(pc, "work/e-199/screen", s_png, "image/png");
        using var text = await PostAsync(pc, "work/e-1/screen", "<script>"u8.ToArray(), "image/png");
        using var huge = await PostAsync(pc, "work/e-1/serial", new byte[EvidenceDesk.MaxSerialBytes + 1], "text/plain");
        using var elsewhere = await PostAsync(pc, "work/..%2F..%2Fkeys/serial", "x"u8.ToArray(), "text/plain");

        Assert.Equal(
            [HttpStatusCode.NotFound, HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.NotFound],
            ((HttpResponseMessage[])[unknown, text, huge, elsewhere]).Select(r => r.StatusCode));
        var kept = await server.GetAsync($"/api/endpoints/{pc.Id}/workspaces/work/evidence", ApiJson.Default.PageEvidenceInfo);
        Assert.Equal((5, 500), (kept.Items.Count, kept.Items[0].Evidence.Text.Length));
    }

    [Fact]
    public async Task Older_evidence_goes_with_its_files_when_new_comes()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        for (var i = 0; i < 8; i++)
        {
            using var taken = await pc.ReportAsync(pc.Report(1, Work(s_rolledBack with { Evidence = [s_seen with { Id = $"e-{i}", At = DateTimeOffset.UnixEpoch.AddMinutes(i) }] })));
            using var screen = await PostAsync(pc, $"work/e-{i}/screen", s_png, "image/png");
            Assert.Equal(HttpStatusCode.NoContent, screen.StatusCode);
        }

        Assert.Equal(5, Directory.EnumerateFiles(server.Folder.Evidence, "*", SearchOption.AllDirectories).Count());
    }

    [Fact]
    public async Task Rolling_back_says_what_it_hits_holds_and_is_undone()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        await using (var db = server.Database())
        {
            db.Add(server.Generation(db.Images.Single().Id, 2));
            await db.SaveChangesAsync(TestServer.Cancel);
        }

        using var pc = await TestPc.EnrolAsync(server, "house");
        using var other = await TestPc.EnrolAsync(server, "house");
        using var taken = await pc.ReportAsync(pc.Report(1, Work(new GenerationLife { Health = GenerationHealth.Well, Committed = 2, Kept = [1], Evidence = [] }) with { RunningGeneration = 2 }));
        var work = (await server.GetAsync("/api/assignments", ApiJson.Default.PageAssignmentInfo)).Items.Single(a => a.Workspace == "work");
        Assert.Equal((2, null), (work.Generation, work.HeldAt));

        var hit = await server.GetAsync($"/api/assignments/{work.Id}/rollback?to=1", ApiJson.Default.RollbackPreview);
        Assert.Equal((2, 1, 1, 2), (hit.Pcs, hit.Running, hit.HaveIt, hit.Names.Count));
        Assert.Equal(2, await GenerationAsync(pc));

        using var held = await HoldAsync(server, work.Id, 1);
        Assert.Equal((HttpStatusCode.NoContent, 1), (held.StatusCode, await GenerationAsync(pc)));
        Assert.Equal(1, (await server.GetAsync("/api/assignments", ApiJson.Default.PageAssignmentInfo)).Items.Single(a => a.Workspace == "work").HeldAt);
        using var undone = await HoldAsync(server, work.Id, null);
        Assert.Equal(2, await GenerationAsync(pc));

        using var missing = await HoldAsync(server, work.Id, 7);
        Assert.Equal(HttpStatusCode.Conflict, missing.StatusCode);
        var personal = (await server.GetAsync("/api/assignments", ApiJson.Default.PageAssignmentInfo)).Items.Single(a => a.Workspace == "personal");
        using var refused = await HoldAsync(server, personal.Id, 1);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
    }

    [Fact]
    public async Task How_updates_are_taken_reaches_the_PC()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        var work = (await server.GetAsync("/api/assignments", ApiJson.Default.PageAssignmentInfo)).Items.Single(a => a.Workspace == "work");
        Assert.Equal((2, 600, null), (work.KeepGenerations, work.AnswerWithinSeconds, work.UpdateWithinHours));

        using var changed = await server.Admin.PatchAsync($"/api/assignments/{work.Id}", JsonContent.Create(new ChangeAssignmentRequest { KeepGenerations = 4, UpdateWithinHours = 24, AnswerWithinSeconds = 90 }, ApiJson.Default.ChangeAssignmentRequest), TestServer.Cancel);
        using var absurd = await server.Admin.PatchAsync($"/api/assignments/{work.Id}", JsonContent.Create(new ChangeAssignmentRequest { KeepGenerations = 4000 }, ApiJson.Default.ChangeAssignmentRequest), TestServer.Cancel);

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.BadRequest), (changed.StatusCode, absurd.StatusCode));
        var told = (await pc.DesiredAsync()).Workspaces.Single(w => w.Id.Value == "work");
        Assert.Equal((4, 90, 24), (told.KeepGenerations, told.AnswerWithinSeconds, told.UpdateWithinHours));
    }

    [Fact]
    public void A_held_generation_that_is_retired_gives_way_to_an_older_one_and_not_to_what_it_was_taken_back_from()
    {
        var image = new MasterImage { Name = "work", CreatedAt = default };
        var assignment = new Assignment { GroupId = 1, WorkspaceId = "work", Name = "Work", Kind = WorkspaceKind.Managed, ImageName = "work", Track = AssignmentTrack.Released, MemoryMiB = 1, Cpus = 1, UserVolumeBytes = 0, AutoStart = true, HeldAt = 6 };
        Assert.Equal(6, Current(5, 6, 7));
        Assert.Equal(5, Current(5, 7));
        Assert.Equal(7, Current(7));

        int? Current(params int[] released) => DesiredStateComposition.Current(assignment, released.Select(n => new Generation
        {
            ImageId = 1, Image = image, Number = n, State = GenerationState.Released, ManifestDigest = "", ImageBytes = 1, StoredBytes = 1, PublishedAt = default,
        }))?.Number;
    }

    [Fact]
    public void A_serial_log_is_read_without_what_a_terminal_would_do_with_it() =>
        Assert.Equal("a red b\tc", EvidenceQuery.Readable("\r\na \u001b[1;31mred\u001b[0m b\tc\u0007\r\n"u8.ToArray()));

    [Fact]
    public async Task Try_again_is_ordered_for_a_managed_workspace_and_for_no_other()
    {
        await using var server = await TestServer.StartAsync();
        await server.GiveWorkAsync();
        using var pc = await TestPc.EnrolAsync(server, "house");
        using var work = await server.PostAsync($"/api/endpoints/{pc.Id}/orders", new CreateOrderRequest("work", OrderKind.TryAgain), ApiJson.Default.CreateOrderRequest);
        using var personal = await server.PostAsync($"/api/endpoints/{pc.Id}/orders", new CreateOrderRequest("personal", OrderKind.TryAgain), ApiJson.Default.CreateOrderRequest);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Forbidden), (work.StatusCode, personal.StatusCode));
        Assert.Equal(OrderKind.TryAgain, (await pc.DesiredAsync()).Orders.Single().Kind);
    }

    private static async Task<int> GenerationAsync(TestPc pc) => (await pc.DesiredAsync()).Workspaces.Single(w => w.Id.Value == "work").Generation.Number;

    private static Task<HttpResponseMessage> HoldAsync(TestServer server, int assignment, int? generation) =>
        server.Admin.PutAsync($"/api/assignments/{assignment}/generation", JsonContent.Create(new HoldAssignmentRequest(generation), ApiJson.Default.HoldAssignmentRequest), TestServer.Cancel);

    private static Task<HttpResponseMessage> PostAsync(TestPc pc, string path, byte[] bytes, string type) =>
        pc.Client.PostAsync($"{Routes.Evidence}/{path}", new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue(type) } }, TestServer.Cancel);

    private static WorkspaceReport Work(GenerationLife life) =>
        new() { Id = new WorkspaceId("work"), Kind = WorkspaceKind.Managed, State = WorkspaceState.Running, RunningGeneration = 1, Life = life };
}
