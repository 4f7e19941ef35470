using System.Net.Sockets;

namespace Caisson.Launcher.Screen;

/// <summary>
/// One workspace's window for as long as the workspace is up: opens its display, and again when it goes away (caissond restarts, the machine is just
/// starting), while edge and last picture stay. QEMU itself knows nothing of windows: when this process or the compositor ends, no machine does.
/// </summary>
internal sealed class WorkspaceScreen(string waylandSocket, string applicationId, string title, Edge edge, Func<CancellationToken, Task<Stream>> connect, TimeProvider time)
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(500);

    /// <summary>Returns when <paramref name="ct"/> says so; throws when the compositor has ended or closed the window.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        using var window = new EdgedWindow(waylandSocket, applicationId, title, edge);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var viewing = CancellationTokenSource.CreateLinkedTokenSource(ct); // the workspace went down, or the window ended
        _ = ended.Task.ContinueWith(_ => viewing.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        new Thread(() => Read(window, ended)) { IsBackground = true, Name = applicationId }.Start();
        while (!viewing.IsCancellationRequested)
        {
            try
            {
                await ViewAsync(window, viewing.Token);
            }
            catch (Exception e) when (e is IOException or SocketException or RfbException or ObjectDisposedException)
            {
                // The display is away; it comes back or the workspace goes.
            }

            await Task.Delay(Again, time, viewing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        ct.ThrowIfCancellationRequested();
        await ended.Task;
    }

    private static void Read(EdgedWindow window, TaskCompletionSource ended)
    {
        try
        {
            window.Run();
            ended.SetResult();
        }
        catch (Exception e)
        {
            ended.SetException(e);
        }
    }

    private async Task ViewAsync(EdgedWindow window, CancellationToken ct)
    {
        await using var stream = await connect(ct);
        using var client = new RfbClient(stream);
        await client.OpenAsync(ct);
        using var hands = new Hands(client, time);
        var isAsked = 1;
        window.Input = hands.Do;
        window.Resized = space => client.RequestSize(space.Width, space.Height);
        window.Shown = () =>
        {
            if (Interlocked.Exchange(ref isAsked, 1) == 0)
            {
                client.Request(isWhole: false);
            }
        };
        try
        {
            client.Request(isWhole: true);
            var first = true;
            while (true)
            {
                var change = await client.NextAsync(ct);
                Volatile.Write(ref isAsked, 0);
                window.Show(client.Picture, first ? change with { IsResized = true, Changed = client.Picture.Area } : change);
                if (first || change.IsResized)
                {
                    client.RequestSize(window.Inside.Width, window.Inside.Height);
                }

                first = false;
            }
        }
        finally
        {
            (window.Input, window.Resized, window.Shown) = (_ => { }, _ => { }, () => { });
        }
    }
}
