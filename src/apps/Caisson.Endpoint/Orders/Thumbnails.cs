using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Orders;

/// <summary>Pictures of managed workspaces for the console, as <see cref="PictureSchedule"/> has it. Never of a personal one.</summary>
internal sealed class Thumbnails(ReconcileLoop workspaces, ServerLink link, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);

    private readonly Dictionary<WorkspaceId, PictureSchedule> taken = [];

    /// <summary>Set by each poll: the server holds requests only while an administrator has this PC open.</summary>
    public volatile bool IsWatched;

    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Tick, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            foreach (var owner in workspaces.Owners.Where(o => o.Record.Kind != WorkspaceKind.Personal).ToList())
            {
                if (PictureSchedule.Due(taken.GetValueOrDefault(owner.Id), owner.Status, IsWatched, time) is not { } due)
                {
                    continue;
                }

                taken[owner.Id] = due;
                try
                {
                    using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), time);
                    using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token); // caissond's end, or the time limit
                    if (await OrderDesk.SendScreenshotAsync(owner, link, either.Token) is { } reason)
                    {
                        Log.ScreenshotFailed(log, owner.Id.Value, reason);
                    }
                }
                catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or OperationCanceledException or IOException)
                {
                    Log.ScreenshotFailed(log, owner.Id.Value, e.Message);
                }
            }
        }
    }
}
