using Caisson.Launcher.Page;
using Caisson.Launcher.Screen;
using Caisson.Launcher.Sway;

namespace Caisson.Launcher.Switching;

/// <summary>
/// The person's way between start page and workspaces: a window for each workspace that is up, the chord, and what the page asks to be shown.
/// It keeps nothing; started again it finds everything from caissond and sway.
/// </summary>
internal sealed class Switcher(PageSocket page, SwayConnection sway, string waylandSocket, TimeProvider time, TextWriter log) : IDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(1);

    private readonly Dictionary<Place, (CancellationTokenSource End, Task Running)> screens = [];
    private readonly HashSet<Place> assigned = [];
    private readonly SemaphoreSlim one = new(1);
    private IReadOnlyList<Place> open = [];
    private Place now = Place.Start;
    private Place? wanted;

    /// <summary>Runs until sway ends or <paramref name="ct"/> says so.</summary>
    /// <param name="events">A connection of its own to sway, for the bindings.</param>
    public async Task RunAsync(SwayConnection events, CancellationToken ct)
    {
        if (await sway.FocusedWorkspaceAsync(ct) is { } focused)
        {
            now = new Place(focused);
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(ct); // the caller, or the first of the two to end
        Task[] both = [FollowPageAsync(ending.Token), FollowKeysAsync(events, ending.Token)];
        var first = await Task.WhenAny(both);
        await ending.CancelAsync();
        await Task.WhenAll(both).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var place in screens.Keys.ToList())
        {
            await CloseAsync(place);
        }

        await first;
    }

    public void Dispose() => one.Dispose();

    private async Task FollowKeysAsync(SwayConnection events, CancellationToken ct)
    {
        await foreach (var (kind, said) in events.EventsAsync("""["binding","workspace"]""", ct))
        {
            using (said)
            {
                if (kind == SwayMessage.BindingEvent)
                {
                    var command = said.RootElement.GetProperty("binding").GetProperty("command").GetString() ?? "";
                    await AloneAsync(() => SwayWords.Target(command, open, now) is { } target ? ShowAsync(target, ct) : Task.CompletedTask, ct);
                }
                else if (said.RootElement.GetProperty("change").GetString() == "focus")
                {
                    now = new Place(said.RootElement.GetProperty("current").GetProperty("name").GetString() ?? Place.Start.Name);
                }
            }
        }
    }

    private async Task FollowPageAsync(CancellationToken ct)
    {
        while (true)
        {
            try
            {
                await foreach (var said in page.EventsAsync(ct))
                {
                    await AloneAsync(() => HearAsync(said, ct), ct);
                }
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or System.Text.Json.JsonException)
            {
                await log.WriteLineAsync($"caissond is not there: {e.Message}");
            }

            await Task.Delay(Again, time, ct);
        }
    }

    private async Task HearAsync(PageEvent said, CancellationToken ct)
    {
        if (said.Kind == "show")
        {
            wanted = said.Data.Length == 0 ? Place.Start : Place.Of(said.Data);
        }
        else if (PageStatus.Parse(said.Data) is { } status)
        {
            await FollowAsync(status, ct);
        }

        if (wanted is { } place && (place == Place.Start || screens.ContainsKey(place)))
        {
            wanted = null;
            await ShowAsync(place, ct);
        }
    }

    /// <summary>A screen for each workspace that is up, none for the others.</summary>
    private async Task FollowAsync(PageStatus status, CancellationToken ct)
    {
        var up = status.Workspaces.Where(w => w.IsUp).ToList();
        open = [.. up.Select(w => Place.Of(w.Id))];
        foreach (var gone in screens.Where(s => s.Value.Running.IsCompleted || !open.Contains(s.Key)).Select(s => s.Key).ToList())
        {
            if (now == gone && !open.Contains(gone))
            {
                await ShowAsync(Place.Start, ct);
            }

            await CloseAsync(gone);
        }

        foreach (var workspace in up.Where(w => !screens.ContainsKey(Place.Of(w.Id))))
        {
            await OpenAsync(Place.Of(workspace.Id), workspace, ct);
        }
    }

    private async Task OpenAsync(Place place, PageWorkspace workspace, CancellationToken ct)
    {
        if (assigned.Add(place))
        {
            await sway.RunAsync(SwayWords.Assign(place), ct);
        }

        var end = CancellationTokenSource.CreateLinkedTokenSource(ct); // the switcher's end, or the workspace's
        var screen = new WorkspaceScreen(waylandSocket, place.Name, workspace.Name, Edge.Of(workspace.Kind), t => page.DisplayAsync(workspace.Id, t), time);
        screens[place] = (end, Task.Run(() => WatchAsync(screen, place, end.Token), CancellationToken.None));
    }

    /// <summary>A window that ends is opened again with the next status.</summary>
    private async Task WatchAsync(WorkspaceScreen screen, Place place, CancellationToken ct)
    {
        try
        {
            await screen.RunAsync(ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            await log.WriteLineAsync($"The window {place.Name} ended: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            // Its workspace went down.
        }
    }

    private async Task CloseAsync(Place place)
    {
        screens.Remove(place, out var screen);
        await screen.End.CancelAsync();
        await screen.Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        screen.End.Dispose();
    }

    private async Task ShowAsync(Place place, CancellationToken ct)
    {
        now = place;
        await sway.RunAsync(SwayWords.Show(place), ct);
    }

    private async Task AloneAsync(Func<Task> step, CancellationToken ct)
    {
        await one.WaitAsync(ct);
        try
        {
            await step();
        }
        finally
        {
            one.Release();
        }
    }
}
