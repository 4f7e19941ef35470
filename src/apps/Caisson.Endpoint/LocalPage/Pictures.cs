using System.Collections.Concurrent;
using Caisson.Endpoint.Reconcile;
using Caisson.Machines;
using Caisson.Protocol;

namespace Caisson.Endpoint.LocalPage;

/// <summary>
/// The last picture of each workspace for the start page; of a personal one too, because the page is this PC's own. In memory only: nothing is
/// written, nothing is sent.
/// </summary>
internal sealed class Pictures(TimeProvider time)
{
    /// <summary>However many pages ask, QEMU is asked no more often.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<WorkspaceId, (byte[]? Png, long AskedAt)> taken = new();

    /// <returns>A PNG; null before there was any.</returns>
    public async Task<byte[]?> OfAsync(WorkspaceOwner owner, CancellationToken ct)
    {
        var has = taken.TryGetValue(owner.Id, out var last);
        if ((has && time.GetElapsedTime(last.AskedAt) < Fresh) || owner.Machine is not { } machine || !Reconciler.IsUp(owner.Status.State))
        {
            return last.Png;
        }

        taken[owner.Id] = (last.Png, time.GetTimestamp()); // Who asks meanwhile gets the one before.
        try
        {
            using var limit = new CancellationTokenSource(Patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token); // the page, or our patience
            var png = await machine.ScreenshotAsync(either.Token);
            taken[owner.Id] = (png, time.GetTimestamp());
            return png;
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is MachineException or OperationCanceledException or IOException)
        {
            return last.Png; // A machine on its way up or down gives none; the one before will do.
        }
    }
}
