using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Shelf;

/// <summary>Looks every second at the machines that run from this shelf: moves them onto files that have become whole, and learns from their starts.</summary>
internal sealed class ShelfLoop(ReconcileLoop workspaces, ImageShelf shelf, ServerLink link, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly LiveMoves moves = new(shelf, log);
    private readonly BootLearning learning = new(shelf, link, time, log);

    public async Task RunAsync(CancellationToken ct)
    {
        using var timer = new PeriodicTimer(Tick, time);
        while (await timer.WaitForNextTickAsync(ct))
        {
            var owners = workspaces.Owners.ToList();
            foreach (var owner in owners)
            {
                await moves.MoveIfWholeAsync(owner, ct);
                if (owner.Machine is { Spec.OsBaseId: { } digest, Status.StartedAt: { } started } && shelf.Find(digest) is { Mended: { } mended } image && started > mended.At)
                {
                    image.Mended = null; // It runs from the new file.
                }
            }

            await learning.StepAsync(owners, ct);
        }
    }
}
