using Caisson.Demo.Hosts;
using Caisson.Demo.Steps;

namespace Caisson.Demo.Check;

/// <summary>The proof that the first heartbeat needed the server: with the origin stopped and an empty disk there is none.</summary>
internal sealed class NegativeControl(CheckStage stage)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(120);

    public async Task RunAsync(Endpoint endpoint, CancellationToken cancel)
    {
        await endpoint.StopAsync();
        await stage.Server.StopAsync();
        var images = Path.Combine(stage.Data.Endpoint, "images");
        Directory.Delete(images, recursive: true);
        await Ownership.GiveAsync(stage.Hosts.Endpoint, images, cancel);

        var since = stage.Time.GetUtcNow();
        await using var alone = stage.StartEndpoint();
        var wait = TimeSpan.FromSeconds(Math.Clamp(stage.Result.SecondsToHeartbeat, Shortest.TotalSeconds, Longest.TotalSeconds));
        var heartbeat = false;
        try
        {
            await stage.Progress.StepAsync("Negative control: server stopped, disk empty", _ => stage.Watch.UntilAsync(
                s => s.Find("work") is { FirstHeartbeatAt: { } at } && at > since, wait, cancel, _ => alone.ThrowIfEnded()));
            heartbeat = true;
        }
        catch (TimeoutException)
        {
            // What this control is for: nothing came.
        }

        stage.Check("no_heartbeat_without_origin", !heartbeat, $"none within {wait.TotalSeconds:F0} s");
    }
}
