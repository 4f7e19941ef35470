using System.Text.Json;

namespace Caisson.Appliance.Tests;

/// <summary>A PC that belongs to a control plane, runs version 1 and has its image on its shelf, from which the next one is made.</summary>
internal sealed class UpdatingPc : IAsyncDisposable
{
    private UpdatingPc(ControlPlane plane, TestPc pc) => (Plane, Pc) = (plane, pc);

    public ControlPlane Plane { get; }

    public TestPc Pc { get; }

    public static async Task<UpdatingPc> StartAsync(CancellationToken cancellation)
    {
        var first = await BuiltAppliance.GetAsync(1, cancellation);
        var updating = new UpdatingPc(await ControlPlane.StartAsync(cancellation), await TestPc.CreateAsync(first, cancellation));
        try
        {
            await updating.BeginAsync(cancellation);
            return updating;
        }
        catch
        {
            await updating.DisposeAsync();
            throw;
        }
    }

    /// <summary>Publishes a version as the next generation and waits until it lies in the slot that is not in use.</summary>
    public async Task OfferAsync(int version, CancellationToken cancellation)
    {
        await PublishAsync(version, cancellation);
        await Pc.WaitForAsync($"caisson: update waits: version {version} is tried at the next restart");
    }

    public async Task PublishAsync(int version, CancellationToken cancellation) =>
        await Plane.DoAsync(cancellation, "image", "import", "appliance", (await BuiltAppliance.GetAsync(version, cancellation)).Disk, "--format", "raw", "--release");

    public void Restart() => Pc.Restart(Plane.Namespace);

    public Task<JsonElement> WaitForReportAsync(Func<JsonElement, bool> isSo, string what, CancellationToken cancellation) =>
        Plane.WaitForPcAsync(pc => pc.TryGetProperty("appliance", out var appliance) && isSo(appliance), what, cancellation);

    public async ValueTask DisposeAsync()
    {
        await Pc.DisposeAsync();
        await Plane.DisposeAsync();
    }

    private async Task BeginAsync(CancellationToken cancellation)
    {
        await PublishAsync(1, cancellation);
        await Plane.DoAsync(cancellation, "group", "create", "everybody", "--description", "the test's");
        await Plane.DoAsync(cancellation, "group", "appliance", "everybody", "--image", "appliance");
        await Pc.LeaveOnEspAsync("token", (await Plane.AskAsync(cancellation, "enrolment", "create", "--group", "everybody")).GetProperty("token").GetString()!, cancellation);
        Pc.Start(Plane.Namespace);
        await Pc.WaitForAsync("caisson: ready 1,");
        await WaitForReportAsync(
            a => a.TryGetProperty("version", out var version) && version.GetInt32() == 1 && a.GetProperty("floor").GetInt32() == 1 && a.GetProperty("imageBytes").GetInt64() is > 0 and var bytes && a.GetProperty("presentBytes").GetInt64() == bytes,
            "version 1 whole on its shelf",
            cancellation);
    }
}
