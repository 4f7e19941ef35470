using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Caisson.Protocol;

namespace Caisson.Vm.Tests.Endpoint;

/// <summary>The images of a PC under real machines: moved when whole, compared after a power cut, paused on word.</summary>
public sealed class ShelfTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_machine_whose_image_becomes_whole_moves_onto_the_file_and_the_PC_tells_in_which_order_it_read()
    {
        await using var pc = await EnrolledPc.EnrolAsync("caisson.read=loop");
        var generation = await pc.PublishAsync("work", mebibytes: 32);
        pc.Server.RegistryDelay = TimeSpan.FromMilliseconds(20);
        pc.Want([EnrolledPc.Workspace("work", WorkspaceKind.Managed, generation)]);
        pc.Run();
        var before = await pc.WorkspaceAsync("work", HasBootId);
        Assert.Contains("driver=nbd", await pc.CommandLineAsync("work"), StringComparison.Ordinal);

        await pc.LogAsync("moved onto the complete file");
        await pc.LogAsync("in which order a start reads");
        await pc.EventuallyAsync(() => pc.Server.Store!.ListReferrers(generation.ManifestDigest, "application/vnd.caisson.boot-profile.v1").Count == 1 ? "" : null, "the boot profile at the server");
        var heard = before.GetProperty("lastHeartbeatAt").GetDateTimeOffset();
        var after = await pc.WorkspaceAsync("work", w => HasBootId(w) && w.GetProperty("lastHeartbeatAt").GetDateTimeOffset() > heard);
        Assert.Equal(before.GetProperty("bootId").GetGuid(), after.GetProperty("bootId").GetGuid());

        pc.Want([EnrolledPc.Workspace("work", WorkspaceKind.Managed, generation)], [EnrolledPc.Order("again", OrderKind.Restart, "work")]);
        Assert.Equal(OrderOutcome.Done, (await pc.OrderResultAsync("again")).Outcome);
        var plain = await pc.CommandLineAsync("work");
        Assert.DoesNotContain("nbd", plain, StringComparison.Ordinal);
        Assert.Contains("image.raw", plain, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_power_cut_that_damaged_the_file_the_guest_reads_only_what_is_right()
    {
        await using var pc = await EnrolledPc.EnrolAsync("caisson.sum=1");
        var generation = await pc.PublishAsync("work", mebibytes: 24);
        pc.Want([EnrolledPc.Workspace("work", WorkspaceKind.Managed, generation)]);
        pc.Run();
        await pc.WorkspaceAsync("work", w => w.GetProperty("offlineReady").GetBoolean());
        await pc.SerialAsync("work", s => s.Contains("CAISSON-SUM ", StringComparison.Ordinal));
        await pc.KillAsync();
        pc.KillMachines();

        // Another boot's file, of which the disk lost something.
        var folder = Path.Combine(pc.Data, "images", generation.ManifestDigest.Replace(':', '-'));
        var care = JsonNode.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "image.care"), Ct))!;
        Assert.False(care["isPutAway"]!.GetValue<bool>());
        care["boot"] = "an earlier one";
        await File.WriteAllTextAsync(Path.Combine(folder, "image.care"), care.ToJsonString(), Ct);
        await using (var image = new FileStream(Path.Combine(folder, "image.raw"), FileMode.Open, FileAccess.Write))
        {
            for (var place = 1 << 20; place < 24 << 20; place += 3 << 20)
            {
                image.Position = place;
                image.Write(new byte[4096]);
            }
        }

        File.Delete(pc.SerialLog("work"));
        pc.Run();
        var serial = await pc.SerialAsync("work", s => s.Contains("CAISSON-SUM ", StringComparison.Ordinal));
        await pc.LogAsync("compared after the power went off; 8 chunks were damaged");

        var good = Path.Combine(pc.Data, "good.raw");
        await pc.Server.Store!.ExportAsync(generation.ManifestDigest, good, TimeProvider.System, null, Ct);
        Assert.Contains("CAISSON-SUM " + Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(good, Ct))), serial, StringComparison.Ordinal);
        await pc.WorkspaceAsync("work", w => w.GetProperty("offlineReady").GetBoolean());
        Assert.Equal(await File.ReadAllBytesAsync(good, Ct), await File.ReadAllBytesAsync(Path.Combine(folder, "image.raw"), Ct));
    }

    [Fact]
    public async Task Filling_stops_and_goes_on_by_order_and_by_the_word_of_the_person_at_the_PC()
    {
        await using var pc = await EnrolledPc.EnrolAsync("");
        var generation = await pc.PublishAsync("work", mebibytes: 16);
        DesiredWorkspace[] wanted = [EnrolledPc.Workspace("work", WorkspaceKind.Managed, generation)];
        await pc.VerbAsync("filling", "pause");
        pc.Want(wanted);
        pc.Run();
        await pc.WorkspaceAsync("work", HasBootId);
        await pc.VerbAsync("filling", "resume");
        await pc.WorkspaceAsync("work", w => w.GetProperty("offlineReady").GetBoolean());

        var second = await pc.PublishAsync("work", mebibytes: 16);
        wanted = [EnrolledPc.Workspace("work", WorkspaceKind.Managed, second)];
        pc.Want(wanted, [EnrolledPc.Order("hold", OrderKind.PauseFilling, "work")]);
        Assert.Equal(OrderOutcome.Done, (await pc.OrderResultAsync("hold")).Outcome);
        Assert.True(File.Exists(Path.Combine(pc.Data, "state", "fill-paused")));
        pc.Want(wanted, [EnrolledPc.Order("go", OrderKind.ResumeFilling, "work")]);
        Assert.Equal(OrderOutcome.Done, (await pc.OrderResultAsync("go")).Outcome);
        await pc.WorkspaceAsync("work", w => w.TryGetProperty("preparedGeneration", out var number) && number.GetInt32() == second.Number);
    }

    private static bool HasBootId(System.Text.Json.JsonElement workspace) => workspace.TryGetProperty("bootId", out _);
}
