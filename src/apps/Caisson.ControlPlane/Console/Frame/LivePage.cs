using Caisson.ControlPlane.Live;
using Microsoft.AspNetCore.Components;

namespace Caisson.ControlPlane.Console.Frame;

/// <summary>
/// A page that stays true while it is open: it reads once for the first picture, again when the server says something changed, and reads
/// and draws every half minute anyway, so that "2 min ago" stays right. What was shown stays until the new answer is here: nothing flickers.
/// </summary>
public abstract class LivePage : ComponentBase, IDisposable
{
    /// <summary>Many changes in a row are one new reading.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(300);

    /// <summary>A fleet reports all the time; a page that shows all of it reads at most this often.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Redraw = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource closed = new();
    private bool reading;

    [Inject] protected Changes Changes { get; set; } = null!;

    [Inject] protected TimeProvider Clock { get; set; } = null!;

    [Inject] protected NavigationManager Navigation { get; set; } = null!;

    /// <summary>The one PC this page is about; null is everything.</summary>
    protected virtual string? Subject => null;

    protected CancellationToken Closed => closed.Token;

    /// <summary>Reads all that the page shows.</summary>
    protected abstract Task LoadAsync(CancellationToken cancellationToken);

    protected override Task OnParametersSetAsync() => LoadAsync(Closed);

    protected override void OnAfterRender(bool firstRender)
    {
        if (firstRender)
        {
            _ = FollowAsync();
            _ = RedrawAsync();
        }
    }

    public void Dispose()
    {
        closed.Cancel();
        closed.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task FollowAsync()
    {
        var token = Closed;
        try
        {
            var seen = Changes.Version(Subject);
            while (true)
            {
                seen = await Changes.NextAsync(Subject, seen, token);
                await Task.Delay(Gather, Clock, token);
                await InvokeAsync(ReloadAsync);
                await Task.Delay(Subject is null ? Rest : Gather, Clock, token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The page was closed.
        }
    }

    private async Task RedrawAsync()
    {
        using var timer = new PeriodicTimer(Redraw, Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(Closed))
            {
                await InvokeAsync(ReloadAsync);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The page was closed.
        }
    }

    /// <summary>Reads again now and draws.</summary>
    protected async Task ReloadAsync()
    {
        if (reading || closed.IsCancellationRequested)
        {
            return;
        }

        reading = true;
        try
        {
            await LoadAsync(Closed);
            StateHasChanged();
        }
        finally
        {
            reading = false;
        }
    }
}
