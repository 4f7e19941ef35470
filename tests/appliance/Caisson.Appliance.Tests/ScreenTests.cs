namespace Caisson.Appliance.Tests;

/// <summary>What the person sees after power-on, and the chord. Colours are the console's (tokens.css).</summary>
public sealed class ScreenTests
{
    private const uint Managed = 0x0a6770;
    private const uint Page = 0xf6f7f8;
    private const uint Waiting = 0x0d1113;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_PC_without_an_organisation_says_so_on_its_screen()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var pc = await TestPc.CreateAsync(appliance, Cancellation);
        pc.Start();
        await pc.WaitForAsync("caisson: ready 1, not enrolled");
        await pc.SeesAsync("appliance-waiting", s => s.Share(Waiting) > 0.8, Cancellation);
    }

    [Fact]
    public async Task The_start_page_comes_up_by_itself_and_the_chord_goes_to_the_workspace_and_back()
    {
        var appliance = await BuiltAppliance.GetAsync(Cancellation);
        await using var plane = await ControlPlane.StartAsync(Cancellation);
        await using var pc = await WorkspaceTests.EnrolledAsync(appliance, plane, Cancellation);
        pc.Start(plane.Namespace);
        await pc.WaitForAsync("caisson: ready 1,");
        await pc.SeesAsync("appliance-start", s => s.Share(Page) > 0.2 && s.Share(Managed) > 0.005, Cancellation);
        await pc.PressAsync(Cancellation, "ctrl", "alt", "spc");
        await pc.SeesAsync("appliance-work", s => s.TopLeft == Managed, Cancellation);
        await pc.PressAsync(Cancellation, "ctrl", "alt", "spc");
        await pc.SeesAsync("appliance-start-again", s => s.Share(Page) > 0.2, Cancellation);
    }
}
