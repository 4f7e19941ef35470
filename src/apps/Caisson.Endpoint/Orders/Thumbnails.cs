using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Orders;

/// <summary>
/// Pictures of managed workspaces for the console: soon after the first heartbeat, when the desktop comes up, every 30 s while somebody
/// looks, else every 5 minutes. Never of a personal one.
/// </summary>
internal sealed class Thumbnails(ReconcileLoop workspaces, ServerLink link, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Unwatched = TimeSpan.FromMinutes(5);

    private readonly Dictionary<WorkspaceId, (long At, bool Session, DateTimeOffset? Start)> taken = [];

    /// <summary>Set by each poll: the server holds requests only while an administrator has this PC open.</summary>
    public volatile bool IsWatched;

    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Tick, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            foreach (var owner in workspaces.Owners.Where(IsDue).ToList())
            {
                taken[owner.Id] = (time.GetTimestamp(), HasSession(owner), owner.Status.StartedAt);
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

    private bool IsDue(WorkspaceOwner owner)
    {
        var status = owner.Status;
        if (owner.Record.Kind == WorkspaceKind.Personal || status.State != WorkspaceState.Running || status.FirstHeartbeatAt is null)
        {
            return false;
        }

        return !taken.TryGetValue(owner.Id, out var last) || last.Start != status.StartedAt || (HasSession(owner) && !last.Session)
            || time.GetElapsedTime(last.At) >= (IsWatched ? Watched : Unwatched);
    }

    private static bool HasSession(WorkspaceOwner owner) => owner.Status.GuestFacts.GetValueOrDefault("session") == "active";
}
