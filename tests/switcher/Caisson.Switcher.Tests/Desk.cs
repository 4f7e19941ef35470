using System.Diagnostics;
using Caisson.Launcher.Page;
using Caisson.Launcher.Sway;
using Caisson.Launcher.Switching;

namespace Caisson.Switcher.Tests;

/// <summary>What stands before the person: sway, the switcher, and a page that tells it of workspaces.</summary>
internal sealed class Desk : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    private readonly CancellationTokenSource end = new();
    private readonly SwayConnection watch;
    private readonly SwayConnection commands;
    private readonly SwayConnection events;
    private readonly StringWriter log = new();
    private readonly Launcher.Switching.Switcher switcher;

    private Desk(HeadlessSway sway, SwayConnection watch, SwayConnection commands, SwayConnection events)
    {
        (Sway, this.watch, this.commands, this.events) = (sway, watch, commands, events);
        switcher = new Launcher.Switching.Switcher(new PageSocket(Page.SocketPath), commands, sway.WaylandSocket, TimeProvider.System, TextWriter.Synchronized(log));
        Running = switcher.RunAsync(events, end.Token);
    }

    public HeadlessSway Sway { get; }

    public PageSimulator Page { get; } = new();

    /// <summary>The switcher; ends with its compositor.</summary>
    public Task Running { get; }

    public static async Task<Desk> StartAsync(CancellationToken cancellation)
    {
        var sway = await HeadlessSway.StartAsync(cancellation);
        return new Desk(sway, await sway.ConnectAsync(cancellation), await sway.ConnectAsync(cancellation), await sway.ConnectAsync(cancellation));
    }

    public Task<string?> PlaceAsync() => watch.FocusedWorkspaceAsync(end.Token);

    public Task PlaceIsAsync(string place) => UntilAsync(async () => await PlaceAsync() == place, $"the place {place}");

    public Task WindowsAsync(int count) => UntilAsync(async () =>
    {
        using var tree = await watch.TreeAsync(end.Token);
        return System.Text.RegularExpressions.Regex.Count(tree.RootElement.GetRawText(), "\"app_id\": ?\"caisson\\.", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1)) == count;
    }, $"{count} windows");

    public Task ShotUntilAsync(Func<Shot, bool> holds, string what) => UntilAsync(async () => holds(await Sway.ShotAsync(end.Token)), what);

    /// <summary>Goes round until each of the pictures was seen, so that all windows have been drawn once.</summary>
    public async Task SeesAsync(VirtualKeyboard keyboard, params uint[] pictures)
    {
        foreach (var picture in pictures)
        {
            keyboard.Chord(VirtualKeyboard.Ctrl, VirtualKeyboard.Alt, VirtualKeyboard.Space);
            await ShotUntilAsync(s => s.Centre == picture, $"the picture {picture:x6}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var connection in (SwayConnection[])[watch, commands, events])
        {
            connection.Dispose();
        }

        switcher.Dispose();
        await Page.DisposeAsync();
        await Sway.DisposeAsync();
        end.Dispose();
    }

    private async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var clock = Stopwatch.StartNew();
        while (!await holds())
        {
            if (clock.Elapsed > Deadline)
            {
                throw new TimeoutException($"Not seen: {what}. The switcher said:\n{log}\nIt is {Running.Status}: {Running.Exception}");
            }

            await tick.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
