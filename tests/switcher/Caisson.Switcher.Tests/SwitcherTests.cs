using Caisson.Launcher.Screen;

namespace Caisson.Switcher.Tests;

/// <summary>The real switcher beside a real sway; workspaces are simulated displays, and a real QEMU where it matters.</summary>
public sealed class SwitcherTests
{
    private const uint WorkPicture = 0xf0f0f0;
    private const uint PersonalPicture = 0x203040;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_chord_goes_round_the_workspaces_and_back()
    {
        await using var pc = await Desk.StartAsync(Ct);
        using var keyboard = new VirtualKeyboard(pc.Sway.WaylandSocket);
        var work = pc.Page.Add("work", "Managed", WorkPicture);
        var personal = pc.Page.Add("personal", "Personal", PersonalPicture);
        await pc.WindowsAsync(2);
        Assert.Equal("start", await pc.PlaceAsync());

        foreach (var place in (string[])["caisson.work", "caisson.personal", "start", "caisson.work"])
        {
            keyboard.Chord(VirtualKeyboard.Ctrl, VirtualKeyboard.Alt, VirtualKeyboard.Space);
            await pc.PlaceIsAsync(place);
        }

        keyboard.Chord(VirtualKeyboard.Ctrl, VirtualKeyboard.Alt, VirtualKeyboard.Shift, VirtualKeyboard.Space);
        await pc.PlaceIsAsync("start");
        keyboard.Chord(VirtualKeyboard.Ctrl, VirtualKeyboard.Alt, 60); // F2
        await pc.PlaceIsAsync("caisson.work");
        keyboard.Chord(30); // A
        await pc.Sway.UntilAsync(() => work.Keys.Contains((30, false)), "the letter A in Work", Ct);
        keyboard.Chord(VirtualKeyboard.Ctrl, VirtualKeyboard.Alt, VirtualKeyboard.Home);
        await pc.PlaceIsAsync("start");

        Assert.DoesNotContain(personal.Keys, k => k.Code == 30);
        foreach (var display in (Caisson.Testing.DisplaySimulator[])[work, personal])
        {
            Assert.DoesNotContain(display.Keys, k => k.Code is VirtualKeyboard.Space or 60);
            Assert.Equal(display.Keys.Count(k => k.Down), display.Keys.Count(k => !k.Down)); // Nothing stays held.
            Assert.Equal((HeadlessSway.Width - (2 * Edge.Width), HeadlessSway.Height - (2 * Edge.Width)), display.Asked);
        }
    }

    [Fact]
    public async Task No_picture_is_ever_seen_within_anothers_edge()
    {
        await using var pc = await Desk.StartAsync(Ct);
        pc.Page.Add("work", "Managed", WorkPicture);
        pc.Page.Add("personal", "Personal", PersonalPicture);
        await pc.WindowsAsync(2);
        using var keyboard = new VirtualKeyboard(pc.Sway.WaylandSocket);
        await pc.SeesAsync(keyboard, WorkPicture, PersonalPicture);

        using var shooting = new CancellationTokenSource();
        var switching = Task.Run(async () =>
        {
            for (var n = 0; !shooting.IsCancellationRequested; n++)
            {
                keyboard.Chord(VirtualKeyboard.Ctrl, VirtualKeyboard.Alt, VirtualKeyboard.Space);
                await Task.Delay(7 + (n % 23), CancellationToken.None);
            }
        }, CancellationToken.None);
        var (works, personals) = (0, 0);
        for (var i = 0; i < 80; i++)
        {
            var shot = await pc.Sway.ShotAsync(Ct);
            Assert.True(shot.Centre is not WorkPicture || shot.HasEdge(Edge.Managed), "Work was seen without its edge.");
            Assert.True(shot.Centre is not PersonalPicture || shot.HasEdge(Edge.Personal), "Personal was seen without its edge.");
            works += shot.Centre == WorkPicture ? 1 : 0;
            personals += shot.Centre == PersonalPicture ? 1 : 0;
        }

        await shooting.CancelAsync();
        await switching;
        Assert.True(works > 5 && personals > 5, $"Seen too seldom to tell: {works} and {personals} of 80.");
    }

    [Fact]
    public async Task A_guest_that_paints_its_whole_screen_in_anothers_colour_does_not_touch_the_edge()
    {
        await using var pc = await Desk.StartAsync(Ct);
        await using var machine = PainterMachine.Start(Edge.Managed.Colour);
        await pc.Sway.UntilAsync(() => File.Exists(machine.VncSocket), "QEMU's display", Ct);
        pc.Page.Add("personal", "Personal", machine.VncSocket);
        pc.Page.Show("personal");
        await pc.PlaceIsAsync("caisson.personal");

        // The painter's palette has six bits a colour.
        await pc.ShotUntilAsync(s => Near(s.Centre, Edge.Managed.Colour), "the painter's colour");
        var shot = await pc.Sway.ShotAsync(Ct);
        await pc.Sway.KeepAsync("painter", Ct);
        Assert.True(shot.HasEdge(Edge.Personal));
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public async Task No_key_reaches_anything_but_the_guest()
    {
        await using var pc = await Desk.StartAsync(Ct);
        using var keyboard = new VirtualKeyboard(pc.Sway.WaylandSocket);
        await using var machine = PainterMachine.Start(WorkPicture);
        await pc.Sway.UntilAsync(() => File.Exists(machine.VncSocket), "QEMU's display", Ct);
        pc.Page.Add("work", "Managed", machine.VncSocket);
        pc.Page.Show("work");
        await pc.PlaceIsAsync("caisson.work");
        await pc.ShotUntilAsync(s => Near(s.Centre, WorkPicture), "the painter's colour");

        // Q F G, 1 to 9, minus, equals (plus), keypad minus and plus: what QEMU's windows and consoles take with Ctrl and Alt.
        byte[] keys = [16, 33, 34, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 74, 78];
        foreach (var key in keys)
        {
            var before = machine.Keys.Length;
            keyboard.Chord(VirtualKeyboard.Ctrl, VirtualKeyboard.Alt, key);
            byte[] expected = [29, 56, key, (byte)(key | 0x80), 56 | 0x80, 29 | 0x80];
            await pc.Sway.UntilAsync(() => machine.Keys.Length >= before + expected.Length, $"key {key} in the guest, which has {Convert.ToHexString(machine.Keys[before..])}", Ct);
            Assert.Equal(expected, machine.Keys[before..]);
        }

        Assert.True(machine.IsRunning);
        Assert.Equal("caisson.work", await pc.PlaceAsync());
        var shot = await pc.Sway.ShotAsync(Ct);
        Assert.True(shot.HasEdge(Edge.Managed));
        Assert.True(Near(shot.Centre, WorkPicture));
    }

    [Fact]
    public async Task A_compositor_that_dies_takes_no_machine_with_it()
    {
        await using var machine = PainterMachine.Start(WorkPicture);
        for (var run = 0; run < 2; run++)
        {
            await using var pc = await Desk.StartAsync(Ct);
            await pc.Sway.UntilAsync(() => File.Exists(machine.VncSocket), "QEMU's display", Ct);
            pc.Page.Add("work", "Managed", machine.VncSocket);
            pc.Page.Show("work");
            await pc.ShotUntilAsync(s => Near(s.Centre, WorkPicture) && s.HasEdge(Edge.Managed), "Work inside its edge");
            await pc.Sway.CrashAsync();
            await Assert.ThrowsAnyAsync<IOException>(() => pc.Running); // systemd starts both again
            Assert.True(machine.IsRunning);
        }
    }

    [Fact]
    public async Task A_workspace_out_of_sight_costs_nothing()
    {
        await using var pc = await Desk.StartAsync(Ct);
        var work = pc.Page.Add("work", "Managed", WorkPicture);
        pc.Page.Show("work");
        await pc.ShotUntilAsync(s => s.Centre == WorkPicture, "Work");
        pc.Page.Show("");
        await pc.PlaceIsAsync("start");
        await Task.Delay(300, Ct);
        var before = work.Requests;
        for (var i = 0; i < 10; i++)
        {
            work.Paint((uint)i);
            await Task.Delay(50, Ct);
        }

        Assert.InRange(work.Requests - before, 0, 1);
    }

    [Fact]
    public async Task A_workspace_that_goes_down_gives_the_screen_back_to_the_start_page_and_opens_again()
    {
        await using var pc = await Desk.StartAsync(Ct);
        pc.Page.Add("work", "Managed", WorkPicture);
        pc.Page.Show("work");
        await pc.ShotUntilAsync(s => s.Centre == WorkPicture, "Work");
        pc.Page.SetState("work", "Stopped");
        await pc.PlaceIsAsync("start");
        await pc.WindowsAsync(0);
        pc.Page.Show("work");
        pc.Page.SetState("work", "Starting");
        await pc.ShotUntilAsync(s => s.Centre == WorkPicture && s.HasEdge(Edge.Managed), "Work again");
    }

    private static bool Near(uint a, uint b) =>
        Enumerable.Range(0, 3).All(i => Math.Abs((int)((a >> (8 * i)) & 0xff) - (int)((b >> (8 * i)) & 0xff)) <= 4);
}
