using System.Text;
using System.Text.Json;
using Caisson.Protocol;

namespace Caisson.Vm.Tests.Endpoint;

/// <summary>Generations that answer, panic or stay silent, in real machines. A generation's disk says in its first line what its guest does.</summary>
public sealed class LifeTests
{
    private static readonly byte[] s_pngHead = [0x89, (byte)'P', (byte)'N', (byte)'G'];

    [Theory]
    [InlineData("caisson.panic=1", StartFailure.Panicked, 300)] // three panics come long before, on any machine
    [InlineData("caisson.heartbeat=off", StartFailure.Silent, 40)] // its first quarter is the boot, which may draw
    public async Task A_generation_that_fails_twice_is_gone_back_from_with_its_picture_and_serial_log_sent(string fault, StartFailure why, int window)
    {
        await using var pc = await EnrolledPc.EnrolAsync("caisson.disk=1");
        var good = await pc.PublishAsync("work", mebibytes: 2, says: "");
        pc.Want([Work(good, window)]);
        pc.Run();
        await pc.WorkspaceAsync("work", w => Committed(w) == good.Number);

        var bad = await pc.PublishAsync("work", mebibytes: 2, says: fault);
        pc.Want([Work(bad, window)]);
        await pc.WorkspaceAsync("work", w => w.TryGetProperty("update", out var update) && update.GetProperty("generation").GetInt32() == bad.Number);
        pc.Want([Work(bad, window)], [EnrolledPc.Order("again", OrderKind.Restart, "work")]);

        var back = await pc.WorkspaceAsync("work", w => Health(w) == "RolledBack" && Running(w) == good.Number && w.GetProperty("state").GetString() == "Running" && w.TryGetProperty("bootId", out _));
        Assert.Contains($"Generation {bad.Number} failed here twice", back.GetProperty("lifeWords").GetString(), StringComparison.Ordinal);
        var reported = await pc.EventuallyAsync(() => pc.Server.Reports.Select(r => r.Workspaces.SingleOrDefault()?.Life).LastOrDefault(l => l?.Health == GenerationHealth.RolledBack), "the report of the roll-back");
        Assert.Equal((good.Number, bad.Number, why, 2), (reported.Committed, reported.Refused, reported.Failure, reported.Evidence.Count));
        Assert.All(reported.Evidence, e => Assert.Equal((bad.Number, why), (e.Generation, e.Failure)));

        await pc.EventuallyAsync(() => pc.Server.Evidence.Count(e => e.What == "serial") == 2 && pc.Server.Evidence.Count(e => e.What == "screen") == 2 ? "" : null, "two pictures and two serial logs");
        Assert.All(pc.Server.Evidence.Where(e => e.What == "screen"), e => Assert.Equal(s_pngHead, e.Bytes[..4]));
        Assert.All(pc.Server.Evidence.Where(e => e.What == "serial"), e => Assert.Contains(why == StartFailure.Panicked ? "Kernel panic" : "CAISSON-TINY-UP", Encoding.UTF8.GetString(e.Bytes), StringComparison.Ordinal));

        // Not started again by itself, nor after a crash of caissond; only an order brings it back.
        await pc.KillAsync();
        pc.Run();
        Assert.Equal(good.Number, Running(await pc.WorkspaceAsync("work", w => Health(w) == "RolledBack" && w.GetProperty("state").GetString() == "Running")));
        pc.Want([Work(bad, window)], [EnrolledPc.Order("try", OrderKind.TryAgain, "work")]);
        Assert.Equal(OrderOutcome.Done, (await pc.OrderResultAsync("try")).Outcome);
        await pc.WorkspaceAsync("work", w => Health(w) == "Well" && w.TryGetProperty("update", out _));
    }

    [Fact]
    public async Task A_PC_ordered_back_uses_the_generation_it_kept_and_asks_the_server_for_nothing()
    {
        await using var pc = await EnrolledPc.EnrolAsync("caisson.disk=1");
        var first = await pc.PublishAsync("work", mebibytes: 2, says: "");
        pc.Want([Work(first)]);
        pc.Run();
        await pc.WorkspaceAsync("work", w => Committed(w) == first.Number);
        var second = await pc.PublishAsync("work", mebibytes: 2, says: "");
        pc.Want([Work(second)]);
        await pc.WorkspaceAsync("work", w => w.TryGetProperty("update", out _));
        pc.Want([Work(second)], [EnrolledPc.Order("up", OrderKind.Restart, "work")]);
        await pc.WorkspaceAsync("work", w => Committed(w) == second.Number);
        var asked = Registry();

        pc.Want([Work(first)]);
        await pc.WorkspaceAsync("work", w => w.TryGetProperty("update", out var update) && update.GetProperty("generation").GetInt32() == first.Number);
        pc.Want([Work(first)], [EnrolledPc.Order("back", OrderKind.Restart, "work")]);

        var back = await pc.WorkspaceAsync("work", w => Committed(w) == first.Number && Running(w) == first.Number);
        Assert.Equal(second.Number, back.GetProperty("life").GetProperty("kept")[0].GetInt32());
        Assert.Equal(asked, Registry());

        int Registry() => pc.Server.Requests.Count(r => r.StartsWith(Routes.Registry, StringComparison.Ordinal));
    }

    private static DesiredWorkspace Work(GenerationReference generation, int window = 60) => EnrolledPc.Workspace("work", WorkspaceKind.Managed, generation) with { AnswerWithinSeconds = window };

    private static int? Committed(JsonElement workspace) =>
        workspace.TryGetProperty("life", out var life) && life.TryGetProperty("committed", out var number) ? number.GetInt32() : null;

    private static string? Health(JsonElement workspace) => workspace.TryGetProperty("life", out var life) ? life.GetProperty("health").GetString() : null;

    private static int Running(JsonElement workspace) => workspace.TryGetProperty("runningGeneration", out var number) ? number.GetInt32() : 0;
}
