using Caisson.Endpoint.Reconcile;
using Caisson.Machines;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Shelf;

/// <summary>
/// Moves a running machine from NBD onto the plain file once the file is whole: from then on its disk needs no caissond. A machine whose QEMU
/// refused is left alone; its next start takes the file anyway.
/// </summary>
internal sealed class LiveMoves(ImageShelf shelf, ILogger log)
{
    /// <summary>By workspace: the start for which QEMU refused.</summary>
    private readonly Dictionary<WorkspaceId, DateTimeOffset?> refused = [];

    public async Task MoveIfWholeAsync(WorkspaceOwner owner, CancellationToken ct)
    {
        if (owner.Machine is not { Spec: { OsBase: NbdBase, OsBaseId: { } digest }, Status: { State: WorkspaceState.Running or WorkspaceState.Paused } status } machine
            || shelf.Find(digest) is not { Status.IsComplete: true } image
            || (refused.TryGetValue(owner.Id, out var start) && start == status.StartedAt))
        {
            return;
        }

        try
        {
            await machine.MoveOsDiskAsync(new RawBase(image.RawFile), ct);
            Log.DiskMoved(log, owner.Id.Value, image.Generation.ToString());
        }
        catch (MachineException e)
        {
            refused[owner.Id] = status.StartedAt;
            Log.DiskNotMoved(log, owner.Id.Value, e.Message);
        }
        catch (ObjectDisposedException)
        {
            // It has just stopped.
        }
    }
}
