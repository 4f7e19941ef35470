using System.Text.Json;
using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>What the appliance is for: a workspace of the organisation, on a PC that had nothing on it but this.</summary>
public sealed class WorkspaceTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Not until the guest answers: inside an emulated PC a guest is emulated in emulation unless KVM is found there.</summary>
    [Fact]
    public async Task A_PC_enrols_with_the_token_it_was_given_and_starts_its_workspace_before_the_image_is_there()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var plane = await ControlPlane.StartAsync(Cancellation);
        await using var pc = await EnrolledAsync(appliance, plane, Cancellation);
        pc.Start(plane.Namespace);
        await pc.WaitForAsync("caisson: ready 1,"); // Enrolled or not yet: the network may come later.
        using var limit = new CancellationTokenSource(TestPc.Deadline);
        var report = await RunningAsync(plane, limit.Token);
        Assert.Equal(1, report.GetProperty("runningGeneration").GetInt32());
    }

    /// <summary>A PC with the token of a group that has one workspace, called Work; not switched on yet.</summary>
    internal static async Task<TestPc> EnrolledAsync(BuiltAppliance appliance, ControlPlane plane, CancellationToken cancellation)
    {
        var guest = (await Command.RunAsync(Path.Combine(Checkout.Root, "guests", "build"), ["personal"], cancellation)).Trim();
        await plane.DoAsync(cancellation, "image", "import", "text", Path.Combine(guest, "personal.raw"), "--format", "raw", "--release");
        await plane.DoAsync(cancellation, "group", "create", "everybody", "--description", "the test's");
        await plane.DoAsync(cancellation, "assignment", "create", "everybody", "Work", "--image", "text", "--kind", "managed", "--memory", "512", "--cpus", "1");
        var token = (await plane.AskAsync(cancellation, "enrolment", "create", "--group", "everybody")).GetProperty("token").GetString()!;

        var pc = await TestPc.CreateAsync(appliance, cancellation);
        await pc.LeaveOnEspAsync("token", token, cancellation);
        return pc;
    }

    /// <summary>Polls until a PC has reported a workspace that runs.</summary>
    private static async Task<JsonElement> RunningAsync(ControlPlane plane, CancellationToken limit)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromSeconds(2));
        var last = "nothing";
        try
        {
            while (true)
            {
                var pcs = await plane.AskAsync(limit, "pc", "list");
                last = pcs.GetRawText();
                var reports = pcs.GetProperty("items").EnumerateArray().SelectMany(pc => pc.GetProperty("workspaces").EnumerateArray()).Select(workspace => workspace.GetProperty("report"));
                if (reports.FirstOrDefault(r => r.GetProperty("state").GetString() == "Running") is { ValueKind: JsonValueKind.Object } running)
                {
                    return running;
                }

                await tick.WaitForNextTickAsync(limit);
            }
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"No PC reported a running workspace. The control plane knows: {last}", e);
        }
    }
}
