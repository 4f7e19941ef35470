using System.Globalization;
using Caisson.Demo.Hosts;
using Caisson.Demo.Steps;
using Caisson.Protocol.Api;

namespace Caisson.Demo.Check;

/// <summary>Steps 3 to 6: Work streams from generation 1 and is seen in a browser while most of its image is still on the server.</summary>
internal sealed class FirstGeneration(CheckStage stage)
{
    // Slow enough that the first heartbeat comes long before the image is whole; demand reads are not held by it.
    private const string FillBytesPerSecond = "1000000";
    private const double MostAtHeartbeat = 0.60;

    /// <summary>Publishes, assigns and enrols.</summary>
    /// <returns>The endpoint's id.</returns>
    public async Task<string> EnrolAsync(CancellationToken cancel)
    {
        var administrator = stage.Administrator;
        await administrator.PublishAsync("personal", 1, stage.Guests.Personal, stage.Progress, cancel);
        await administrator.PublishAsync("work", 1, stage.Guests.WorkOne, stage.Progress, cancel);
        await administrator.AssignAsync(CheckStage.Group, cancel);
        var generation = (await administrator.AskAsync(ApiJson.Default.PageGenerationInfo, cancel, "image", "show", "work")).Items.Single(g => g.Number == 1);
        stage.Result.ImageBytes = generation.ImageBytes;
        stage.Result.StoredBytes = generation.StoredBytes;

        var token = await administrator.AskAsync(ApiJson.Default.EnrolmentTokenCreated, cancel, "enrolment", "create", "--group", CheckStage.Group);
        await Endpoint.EnrolAsync(stage.Hosts.Endpoint, stage.Apps, stage.Data.Endpoint, token.Token, cancel);
        await RefuseSecondUseAsync(token.Token, cancel);
        var id = (await administrator.AskAsync(ApiJson.Default.PageEndpointInfo, cancel, "pc", "list")).Items.Single().Id;
        await administrator.DoAsync(cancel, "pc", "change", id, "--fill-bytes-per-second", FillBytesPerSecond);
        return id;
    }

    public async Task StartAsync(CancellationToken cancel)
    {
        var status = await stage.Progress.StepAsync("Starting Work before its image is here", report => stage.Watch.UntilAsync(
            s => s.Find("work") is { FirstHeartbeatAt: not null },
            TimeSpan.FromMinutes(10),
            cancel,
            s => report(-1, s?.Find("work") is { } w ? $"{w.State}, {w.PresentBytes / 1_000_000} of {w.ImageBytes / 1_000_000} MB here {w.Problem}" : "waiting for caissond")));
        Record(status);
    }

    private async Task RefuseSecondUseAsync(string token, CancellationToken cancel)
    {
        var second = Path.Combine(stage.Data.Root, "second-pc");
        await Ownership.GiveAsync(stage.Hosts.Endpoint, second, cancel);
        var answer = "it was let in";
        try
        {
            await Endpoint.EnrolAsync(stage.Hosts.Endpoint, stage.Apps, second, token, cancel);
        }
        catch (CommandFailedException e)
        {
            answer = e.Message;
        }

        stage.Check("token_works_once", answer.Contains("used already", StringComparison.Ordinal), $"a second PC with the same token: {answer}");
    }

    private void Record(EndpointStatus status)
    {
        var work = status.Find("work")!;
        var (result, heartbeat) = (stage.Result, work.FirstHeartbeatAt!.Value);
        result.Accelerator = status.Accelerator;
        stage.Progress.Say(status.AcceleratorReason);
        result.SecondsToHeartbeat = Math.Round((heartbeat - work.StartedAt!.Value).TotalSeconds, 1);
        result.BytesAtHeartbeat = stage.Access.RepositoryBytes("work", DateTimeOffset.MinValue, heartbeat);
        stage.Check("first_heartbeat", heartbeat > work.StartedAt, string.Create(CultureInfo.InvariantCulture, $"{result.SecondsToHeartbeat} s after its start"));
        stage.Check(
            "image_incomplete_at_heartbeat",
            work is { OfflineReady: false } && work.PresentBytes < work.ImageBytes && result.BytesAtHeartbeat > 0 && result.BytesAtHeartbeat <= MostAtHeartbeat * result.StoredBytes,
            string.Create(CultureInfo.InvariantCulture, $"{result.BytesAtHeartbeat / 1e6:F0} of {result.StoredBytes / 1e6:F0} MB had left the server"));
    }

    public async Task SeeAsync(string endpointId, Browser browser, CancellationToken cancel)
    {
        var status = await stage.Progress.StepAsync("Waiting for the desktop session", _ => stage.Watch.UntilAsync(
            s => s.Find("work")?.Fact("session") == "active" && s.Find("personal") is { BootId: not null },
            TimeSpan.FromMinutes(10),
            cancel));
        var work = status.Find("work")!;
        stage.Evidence.KeepAnswers("answers-generation-1.json", status);
        stage.Check("generation_1_runs", work.RunningGeneration == 1 && work.Fact("generation") == "1", $"the guest says generation {work.Fact("generation")}");
        stage.Check("package_before", work.Fact("package-version") == stage.Guests.Upgrade().VersionBefore, $"{work.Fact("package")} {work.Fact("package-version")}");
        stage.Check("personal_runs_beside", status.Find("personal")!.State == Protocol.WorkspaceState.Running, "with a disk of its own");
        stage.Check("work_1_in_browser", await browser.SeeScreenAsync($"/pcs/{endpointId}/workspaces/work", Browser.DesktopColours, stage.Evidence.PathOf("work-generation-1.png")), "noVNC through the gateway");
        await browser.PictureAsync("/", stage.Evidence.PathOf("console-today.png"));
        await browser.PictureAsync($"/pcs/{endpointId}", stage.Evidence.PathOf("console-pc.png"));
    }
}
