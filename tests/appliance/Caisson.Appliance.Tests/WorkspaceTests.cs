using System.Text.Json;
using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>What the appliance is for: a workspace of the organisation, on a PC that had nothing on it but this.</summary>
public sealed class WorkspaceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The outer emulator has AMD's virtualisation, so what runs the workspace inside is the real KVM path.</summary>
    [Fact]
    public async Task A_PC_enrols_with_the_token_it_was_given_and_runs_its_workspace_under_KVM()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        var guest = (await Command.RunAsync(Path.Combine(Checkout.Root, "guests", "build"), ["personal"], Cancellation)).Trim();
        await using var plane = await ControlPlane.StartAsync(Cancellation);
        await plane.DoAsync(Cancellation, "image", "import", "text", Path.Combine(guest, "personal.raw"), "--format", "raw", "--release");
        await plane.DoAsync(Cancellation, "group", "create", "everybody", "--description", "the test's");
        await plane.DoAsync(Cancellation, "assignment", "create", "everybody", "Work", "--image", "text", "--kind", "managed", "--memory", "512", "--cpus", "1");
        var token = (await plane.AskAsync(Cancellation, "enrolment", "create", "--group", "everybody")).GetProperty("token").GetString()!;

        await using var pc = await TestPc.CreateAsync(appliance, Cancellation);
        await pc.LeaveOnEspAsync("token", token, Cancellation);
        pc.Start(plane.Namespace);
        await pc.WaitForAsync("caisson: ready 1, enrolled, data open");
        using var limit = new CancellationTokenSource(TestPc.Deadline);
        var seen = await SeenAsync(plane, limit.Token);
        Assert.Equal("kvm", seen.GetProperty("host").GetProperty("accelerator").GetString());
    }

    /// <summary>Polls until the PC has reported a workspace that said a heartbeat.</summary>
    private static async Task<JsonElement> SeenAsync(ControlPlane plane, CancellationToken limit)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromSeconds(2));
        var last = "nothing";
        try
        {
            while (true)
            {
                var pcs = await plane.AskAsync(limit, "pc", "list");
                last = pcs.GetRawText();
                foreach (var pc in pcs.GetProperty("items").EnumerateArray())
                {
                    var shown = await plane.AskAsync(limit, "pc", "show", pc.GetProperty("id").GetString()!);
                    last = shown.GetRawText();
                    if (shown.GetProperty("workspaces").EnumerateArray().Any(w => w.GetProperty("report").TryGetProperty("lastHeartbeatAt", out var at) && at.ValueKind != JsonValueKind.Null))
                    {
                        return shown;
                    }
                }

                await tick.WaitForNextTickAsync(limit);
            }
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"No heartbeat reached the control plane. It knows: {last}", e);
        }
    }
}
