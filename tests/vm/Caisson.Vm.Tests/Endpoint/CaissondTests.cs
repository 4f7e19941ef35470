using System.Text.Json;
using Caisson.Protocol;

namespace Caisson.Vm.Tests.Endpoint;

public sealed class CaissondTests
{
    [Fact]
    public async Task A_machine_whose_caissond_was_killed_for_a_minute_while_it_streamed_goes_on_without_an_error()
    {
        await using var pc = await EnrolledPc.EnrolAsync("caisson.read=once");
        var generation = await pc.PublishAsync("work", mebibytes: 96);
        pc.Server.RegistryDelay = TimeSpan.FromMilliseconds(150);
        pc.Want([EnrolledPc.Workspace("work", WorkspaceKind.Managed, generation)], fill: 0);
        pc.Run();
        await pc.SerialAsync("work", s => s.Contains("CAISSON-READ ok 8 MiB", StringComparison.Ordinal));
        var before = await pc.WorkspaceAsync("work", HasBootId);
        Assert.True(before.GetProperty("presentBytes").GetInt64() < before.GetProperty("imageBytes").GetInt64());

        await pc.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken); // The minute is what is tested.
        Assert.DoesNotContain("CAISSON-READ ok 96 MiB", await File.ReadAllTextAsync(pc.SerialLog("work"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        pc.Run();

        var serial = await pc.SerialAsync("work", s => s.Contains("CAISSON-READ ok 96 MiB", StringComparison.Ordinal));
        Assert.DoesNotContain("error", serial, StringComparison.OrdinalIgnoreCase);
        var heard = before.GetProperty("lastHeartbeatAt").GetDateTimeOffset().AddSeconds(60);
        var after = await pc.WorkspaceAsync("work", w => HasBootId(w) && w.GetProperty("lastHeartbeatAt").GetDateTimeOffset() > heard);
        Assert.Equal(before.GetProperty("bootId").GetGuid(), after.GetProperty("bootId").GetGuid());
        Assert.Equal(before.GetProperty("startedAt").GetDateTimeOffset(), after.GetProperty("startedAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task A_guest_whose_server_goes_away_while_it_streams_waits_and_goes_on_without_an_error()
    {
        await using var pc = await EnrolledPc.EnrolAsync("caisson.read=once");
        var generation = await pc.PublishAsync("work", mebibytes: 48);
        pc.Server.RegistryDelay = TimeSpan.FromMilliseconds(100);
        pc.Want([EnrolledPc.Workspace("work", WorkspaceKind.Managed, generation)], fill: 0);
        pc.Run();
        await pc.SerialAsync("work", s => s.Contains("CAISSON-READ ok 8 MiB", StringComparison.Ordinal));
        var before = await pc.WorkspaceAsync("work", HasBootId);

        pc.Server.IsAway = true;
        var asked = RegistryRequests();
        await pc.EventuallyAsync(() => RegistryRequests() >= asked + 3 ? "" : null, "bytes asked for in vain");
        var away = TimeProvider.System.GetUtcNow();
        await pc.WorkspaceAsync("work", w => w.GetProperty("lastHeartbeatAt").GetDateTimeOffset() > away);
        Assert.DoesNotContain("CAISSON-READ ok 48 MiB", await File.ReadAllTextAsync(pc.SerialLog("work"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
        pc.Server.IsAway = false;

        var serial = await pc.SerialAsync("work", s => s.Contains("CAISSON-READ ok 48 MiB", StringComparison.Ordinal));
        Assert.DoesNotContain("error", serial, StringComparison.OrdinalIgnoreCase);
        var after = await pc.WorkspaceAsync("work", HasBootId);
        Assert.Equal(before.GetProperty("bootId").GetGuid(), after.GetProperty("bootId").GetGuid());

        int RegistryRequests() => pc.Server.Requests.Count(r => r.StartsWith(Routes.Registry, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_QEMU_caissond_says_what_to_install()
    {
        await using var pc = await EnrolledPc.EnrolAsync("");

        var (exitCode, said) = await pc.RunWithoutProgramsAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains("caissond: qemu-system-x86_64 is not installed. Install it with: apt-get install qemu-system-x86", said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_personal_workspace_ordered_to_show_itself_gives_no_pixel_where_a_managed_one_does()
    {
        await using var pc = await EnrolledPc.EnrolAsync("");
        var generation = await pc.PublishAsync("small", mebibytes: 2);
        DesiredWorkspace[] workspaces = [EnrolledPc.Workspace("work", WorkspaceKind.Managed, generation), EnrolledPc.Workspace("personal", WorkspaceKind.Personal, generation)];
        pc.Want(workspaces);
        pc.Run();
        await pc.WorkspaceAsync("work", HasBootId);
        var personal = await pc.WorkspaceAsync("personal", HasBootId);

        pc.Want(workspaces, [
            EnrolledPc.Order("p-display", OrderKind.Display, "personal"), EnrolledPc.Order("p-screen", OrderKind.Screenshot, "personal"),
            EnrolledPc.Order("w-display", OrderKind.Display, "work"), EnrolledPc.Order("w-screen", OrderKind.Screenshot, "work")]);

        (string Id, OrderOutcome Outcome)[] expected = [("w-display", OrderOutcome.Done), ("w-screen", OrderOutcome.Done), ("p-display", OrderOutcome.Refused), ("p-screen", OrderOutcome.Refused)];
        foreach (var (id, outcome) in expected)
        {
            Assert.Equal(outcome, (await pc.OrderResultAsync(id)).Outcome);
        }

        await pc.EventuallyAsync(() => pc.Server.Streams.Any(s => s.Greeting.StartsWith("RFB ", StringComparison.Ordinal)) ? "" : null, "the display of work");
        Assert.All(pc.Server.Streams, s => Assert.Equal("stream-w-display", s.Stream));
        Assert.NotEmpty(pc.Server.Screenshots);
        Assert.All(pc.Server.Screenshots, s => Assert.Equal("work", s.Workspace));
        AssertSilentAbout(pc, personal.GetProperty("bootId").GetGuid());
    }

    [Fact]
    public async Task A_new_generation_is_prepared_beside_the_running_one_and_used_at_the_restart_while_personal_keeps_its_own()
    {
        await using var pc = await EnrolledPc.EnrolAsync("");
        var first = await pc.PublishAsync("work", mebibytes: 4);
        DesiredWorkspace[] Workspaces(GenerationReference of) => [EnrolledPc.Workspace("work", WorkspaceKind.Managed, of), EnrolledPc.Workspace("personal", WorkspaceKind.Personal, of)];
        pc.Want(Workspaces(first));
        pc.Run();
        await pc.WorkspaceAsync("work", HasBootId);
        var personal = await pc.WorkspaceAsync("personal", HasBootId);

        var second = await pc.PublishAsync("work", mebibytes: 4);
        pc.Want(Workspaces(second));
        var prepared = await pc.WorkspaceAsync("work", w => Number(w, "preparedGeneration") == second.Number);
        Assert.Equal(first.Number, Number(prepared, "runningGeneration"));

        pc.Want(Workspaces(second), [EnrolledPc.Order("again", OrderKind.Restart, "work")]);
        Assert.Equal(OrderOutcome.Done, (await pc.OrderResultAsync("again")).Outcome);
        await pc.WorkspaceAsync("work", w => Number(w, "runningGeneration") == second.Number && HasBootId(w));
        var still = await pc.WorkspaceAsync("personal", HasBootId);
        Assert.Equal(personal.GetProperty("bootId").GetGuid(), still.GetProperty("bootId").GetGuid());
        Assert.Equal(first.Number, Number(still, "runningGeneration"));
    }

    private static bool HasBootId(JsonElement workspace) => workspace.TryGetProperty("bootId", out _);

    private static int Number(JsonElement workspace, string name) => workspace.TryGetProperty(name, out var number) ? number.GetInt32() : 0;

    private static void AssertSilentAbout(EnrolledPc pc, Guid bootId)
    {
        foreach (var report in pc.Server.Reports.SelectMany(r => r.Workspaces).Where(w => w.Kind == WorkspaceKind.Personal))
        {
            Assert.Empty(report.GuestFacts);
            Assert.Null(report.FirstHeartbeatAt);
        }

        Assert.DoesNotContain(bootId.ToString(), JsonSerializer.Serialize(pc.Server.Reports), StringComparison.OrdinalIgnoreCase);
    }
}
