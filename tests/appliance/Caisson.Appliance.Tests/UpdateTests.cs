using System.Globalization;

namespace Caisson.Appliance.Tests;

/// <summary>A new version of the appliance, from the control plane to the slot that is not in use, and what becomes of it.</summary>
public sealed class UpdateTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_PC_takes_the_next_version_as_a_delta_tries_it_keeps_it_and_takes_no_older_one()
    {
        await using var updating = await UpdatingPc.StartAsync(Cancellation);
        var before = updating.Plane.BytesOf("appliance");
        await updating.OfferAsync(2, Cancellation);
        var delta = updating.Plane.BytesOf("appliance") - before;
        Assert.InRange(delta, 1, before / 4);

        updating.Restart();
        await updating.Pc.WaitForAsync("caisson: version 2 is on trial");
        await updating.Pc.WaitForAsync("caisson: version 2 is good; nothing below it is taken any more");
        var report = await updating.WaitForReportAsync(a => a.GetProperty("version").GetInt32() == 2 && !a.GetProperty("onTrial").GetBoolean(), "version 2, good", Cancellation);
        Assert.Equal(2, report.GetProperty("appliance").GetProperty("floor").GetInt32());

        await updating.PublishAsync(1, Cancellation);
        await updating.Pc.WaitForAsync("caisson: update not taken: Version 1 is not newer than version 2");
        TestContext.Current.SendDiagnosticMessage(string.Create(CultureInfo.InvariantCulture, $"version 1 came as {before / 1e6:0.0} MB, version 2 as {delta / 1e6:0.0} MB"));
    }

    [Fact]
    public async Task A_version_whose_root_is_damaged_or_that_reaches_no_control_plane_is_left_and_refused()
    {
        await using var updating = await UpdatingPc.StartAsync(Cancellation);
        await updating.OfferAsync(2, Cancellation);
        updating.Pc.CutPower();
        await updating.Pc.DamageRootAsync("caisson_2", Cancellation);
        updating.Pc.Start(updating.Plane.Namespace);
        await updating.Pc.WaitForAsync("caisson: version 2 failed and is refused from now on");
        await RefusedAsync(updating, 2, "did not come up");

        await updating.OfferAsync(3, Cancellation);
        await updating.Plane.GoAwayAsync();
        updating.Restart();
        await updating.Pc.WaitForAsync("caisson: version 3 is bad: It did not reach the control plane");
        await updating.Plane.ComeBackAsync(Cancellation);
        await updating.Pc.WaitForAsync("caisson: ready 1,");
        await RefusedAsync(updating, 3, "did not reach the control plane");
    }

    private static async Task RefusedAsync(UpdatingPc updating, int version, string reason)
    {
        var report = await updating.WaitForReportAsync(
            a => a.GetProperty("version").GetInt32() == 1 && a.GetProperty("refused").EnumerateArray().Any(r => r.GetProperty("version").GetInt32() == version), $"version {version} refused", Cancellation);
        var refused = report.GetProperty("appliance").GetProperty("refused").EnumerateArray().Single(r => r.GetProperty("version").GetInt32() == version);
        Assert.Contains(reason, refused.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Two cuts; CAISSON_POWER_CUTS says how many.</summary>
    [Fact]
    public async Task Power_cuts_during_an_update_leave_a_PC_that_boots_one_version()
    {
        var cuts = int.Parse(Environment.GetEnvironmentVariable("CAISSON_POWER_CUTS") ?? "2", CultureInfo.InvariantCulture);
        await using var updating = await UpdatingPc.StartAsync(Cancellation);
        await updating.PublishAsync(2, Cancellation);
        var random = new Random(cuts);
        for (var cut = 0; cut < cuts; cut++)
        {
            // It begins to write, and some time later, or when it is just done, the power goes.
            await updating.Pc.WaitForAsync("caisson: writing version 2", "caisson: update waits: version 2", "caisson: ready 2,");
            await Task.Delay(TimeSpan.FromSeconds(random.Next(0, 60)), Cancellation);
            updating.Restart();
            await updating.Pc.WaitForAsync("caisson: ready 1,", "caisson: ready 2,");
        }

        await updating.Pc.WaitForAsync("caisson: update waits: version 2", "caisson: ready 2,");
        updating.Restart();
        await updating.Pc.WaitForAsync("caisson: version 2 is good", "caisson: ready 2,");
    }
}
