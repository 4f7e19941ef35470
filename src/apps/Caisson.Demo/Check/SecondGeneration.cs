using System.Globalization;
using Caisson.Demo.Steps;
using Caisson.Protocol.Api;

namespace Caisson.Demo.Check;

/// <summary>Step 7: a real package upgrade arrives as a delta in the background, Work restarts into it, and what should stay stays.</summary>
internal sealed class SecondGeneration(CheckStage stage)
{
    private const double MostOverDelta = 1.05;
    private const double MostOfStored = 0.50;

    public async Task RunAsync(string endpointId, Browser browser, CancellationToken cancel)
    {
        var before = await CompleteFirstAsync(endpointId, cancel);
        await PrepareAsync(cancel);
        await RestartAsync(endpointId, before, browser, cancel);
    }

    /// <summary>Lifts the filler's limit and waits until generation 1 is whole.</summary>
    private async Task<EndpointStatus> CompleteFirstAsync(string endpointId, CancellationToken cancel)
    {
        await stage.Administrator.DoAsync(cancel, "pc", "change", endpointId, "--fill-bytes-per-second", "0");
        var status = await stage.Progress.StepAsync("Filling the rest of generation 1", report => stage.Watch.UntilAsync(
            s => s.Find("work") is { OfflineReady: true },
            TimeSpan.FromMinutes(5),
            cancel,
            s => report(-1, $"{s?.Find("work")?.PresentBytes / 1_000_000} MB here")));
        stage.Check("offline_ready", status.Find("work")!.OfflineReady, "generation 1 is whole on the PC");
        return status;
    }

    private async Task PrepareAsync(CancellationToken cancel)
    {
        await stage.Administrator.PublishAsync("work", 2, stage.Guests.WorkTwo, stage.Progress, cancel, release: false);
        var delta = await WaitForDeltaAsync(cancel);
        var released = stage.Time.GetUtcNow();
        await stage.Administrator.DoAsync(cancel, "image", "release", "work@2");
        await stage.Progress.StepAsync("Preparing generation 2 in the background", _ => stage.Watch.UntilAsync(
            s => s.Find("work") is { PreparedGeneration: 2, State: Protocol.WorkspaceState.Running, RunningGeneration: 1 },
            TimeSpan.FromMinutes(5),
            cancel));

        var result = stage.Result;
        result.Gen2DeltaBytes = delta.Delta!.Bytes;
        result.Gen2StoredBytes = delta.StoredBytes;
        result.Gen2WireBytes = stage.Access.RepositoryBytes("work", released, stage.Time.GetUtcNow());
        stage.Check(
            "generation_2_came_as_delta",
            result.Gen2WireBytes > 0 && result.Gen2WireBytes <= MostOverDelta * result.Gen2DeltaBytes && result.Gen2WireBytes < MostOfStored * result.Gen2StoredBytes,
            string.Create(CultureInfo.InvariantCulture, $"{result.Gen2WireBytes / 1e6:F2} MB on the wire, delta {result.Gen2DeltaBytes / 1e6:F2} MB, whole {result.Gen2StoredBytes / 1e6:F0} MB"));
    }

    private Task<GenerationInfo> WaitForDeltaAsync(CancellationToken cancel) =>
        stage.Progress.StepAsync("Making the delta", async _ =>
        {
            var started = stage.Time.GetTimestamp();
            while (true)
            {
                var generation = (await stage.Administrator.AskAsync(ApiJson.Default.PageGenerationInfo, cancel, "image", "show", "work")).Items.Single(g => g.Number == 2);
                if (generation.Delta is { State: DeltaState.Ready })
                {
                    return generation;
                }

                if (generation.Delta is { State: DeltaState.Failed } failed || stage.Time.GetElapsedTime(started) > TimeSpan.FromMinutes(5))
                {
                    throw new TimeoutException($"The server made no delta from generation 1 to 2: {generation.Delta?.Problem}");
                }

                await Task.Delay(TimeSpan.FromSeconds(1), stage.Time, cancel);
            }
        });

    private async Task RestartAsync(string endpointId, EndpointStatus before, Browser browser, CancellationToken cancel)
    {
        await stage.Administrator.DoAsync(cancel, "workspace", "restart", endpointId, "work");
        var after = await stage.Progress.StepAsync("Restarting Work into generation 2", _ => stage.Watch.UntilAsync(
            s => s.Find("work") is { RunningGeneration: 2 } w && w.Fact("session") == "active" && w.BootId != before.Find("work")!.BootId,
            TimeSpan.FromMinutes(10),
            cancel));
        stage.Evidence.KeepAnswers("answers-generation-2.json", after);
        Compare(before.Find("work")!, after.Find("work")!);
        var (personalBefore, personalAfter) = (before.Find("personal")!.BootId, after.Find("personal")!.BootId);
        stage.Check("personal_untouched", personalBefore is not null && personalBefore == personalAfter, $"boot id {personalBefore} before, {personalAfter} after");
        stage.Check("work_2_in_browser", await browser.SeeScreenAsync($"/pcs/{endpointId}/workspaces/work", Browser.DesktopColours, stage.Evidence.PathOf("work-generation-2.png")), "noVNC through the gateway");
        await browser.PictureAsync($"/pcs/{endpointId}", stage.Evidence.PathOf("console-pc-after.png"));
        await browser.PictureAsync("/images/work", stage.Evidence.PathOf("console-image.png"));
    }

    /// <summary>The guest leaves a file in the user volume and one in the os volume at each boot, and says what it found of the boot before.</summary>
    private void Compare(EndpointStatus.Workspace before, EndpointStatus.Workspace after)
    {
        stage.Check("generation_2_runs", after.Fact("generation") == "2", $"the guest says generation {after.Fact("generation")}");
        stage.Check("package_after", after.Fact("package-version") == stage.Guests.Upgrade().VersionAfter, $"{after.Fact("package")} {before.Fact("package-version")} → {after.Fact("package-version")}");
        stage.Check("user_file_kept", after.Fact("kept-file") == before.BootId?.ToString(), $"the file of boot {before.BootId} says {after.Fact("kept-file")}");
        stage.Check("os_file_gone", after.Fact("os-file") == "absent", $"the os volume's file is {after.Fact("os-file")}");
    }
}
