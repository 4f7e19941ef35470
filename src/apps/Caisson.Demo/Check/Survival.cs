using Caisson.Demo.Steps;

namespace Caisson.Demo.Check;

/// <summary><c>kill -9</c> of caissond in the middle of Work's boot, while its image streams; a minute later it is started again. The machines know nothing of it.</summary>
internal sealed class Survival(CheckStage stage)
{
    // Longer than QEMU waits for its disk by itself: the machines are held on a read, and go on when the disk is back.
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(60);

    /// <returns>The caissond that took the machines up again.</returns>
    public async Task<Endpoint> RunAsync(Endpoint endpoint, CancellationToken cancel)
    {
        await endpoint.KillAsync();
        var before = EndpointStatus.Read(stage.Data.Endpoint)!;
        await stage.Progress.StepAsync("caissond was killed while Work boots; leaving it dead for a minute", _ => Task.Delay(Away, stage.Time, cancel));

        var since = stage.Time.GetUtcNow();
        var back = stage.StartEndpoint();
        try
        {
            var after = await stage.Progress.StepAsync("Waiting for the desktop session", _ => stage.Watch.UntilAsync(
                s => s.Find("work") is { LastHeartbeatAt: { } work } && work > since && s.Find("personal") is { LastHeartbeatAt: { } personal } && personal > since
                    && s.Find("work")!.Fact("session") == "active",
                TimeSpan.FromMinutes(10),
                cancel,
                _ => back.ThrowIfEnded()));
            Compare(before, after);
            return back;
        }
        catch
        {
            await back.DisposeAsync();
            throw;
        }
    }

    private void Compare(EndpointStatus before, EndpointStatus after)
    {
        var (work, personal) = (before.Find("work")!, before.Find("personal")!);
        var inBoot = work.Fact("session").Length == 0 && !work.OfflineReady;
        stage.Check("caissond_killed_during_streamed_boot", inBoot, "no session yet, and most of the image not here");
        stage.Check(
            "machines_outlive_caissond",
            work.BootId is not null && work.BootId == after.Find("work")!.BootId && (personal.BootId is null || personal.BootId == after.Find("personal")!.BootId),
            $"Work's boot id {work.BootId} before, {after.Find("work")!.BootId} after");
        var serial = File.ReadAllText(Path.Combine(stage.Data.Endpoint, "workspaces", "work", "machine", "serial.log"));
        stage.Check("no_disk_error_in_the_guest", serial.Length > 0 && !serial.Contains("I/O error", StringComparison.OrdinalIgnoreCase), "the guest's kernel reported none");
    }
}
