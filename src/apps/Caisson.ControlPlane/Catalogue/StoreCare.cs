using System.Globalization;
using System.Threading.Channels;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.ControlPlane.Registry;
using Caisson.Images;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>
/// Removes generations for good and collects the store's garbage: after a removal and once a day. 1 the database says "removed", 2 the store's
/// index.json names it no more, 3 its blobs go, 4 their rows. What was seen of old failed starts goes with it. A server that was killed in between goes on at its next start.
/// </summary>
internal sealed partial class StoreCare(IDbContextFactory<ServerDb> database, ImageStore store, EvidenceDesk evidence, TimeProvider time, ILogger<StoreCare> logger) : BackgroundService
{
    private static readonly TimeSpan s_between = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_patience = TimeSpan.FromHours(1);

    /// <summary>When something could not go because it was being read or pushed, it is looked at again after this, then twice as long, up to <see cref="s_patience"/>.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(5);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public async Task RemoveAsync(string actor, string name, int number, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var generation = await db.Generations.FirstOrDefaultAsync(g => g.Image!.Name == name && g.Number == number, cancellationToken)
            ?? throw RequestRefused.NotFound($"There is no generation {number} of '{name}'.");
        if (generation.State is not (GenerationState.Draft or GenerationState.Retired))
        {
            throw RequestRefused.WrongState($"Generation {number} of '{name}' is given to PCs. Retire it first.");
        }

        if (generation.State != GenerationState.Draft && await MayCarryPersonalAsync(db, name, cancellationToken))
        {
            throw RequestRefused.WrongState($"Generation {number} of '{name}' may be what people's personal workspaces stand on: each stays on the generation it began with, and which one that is no PC tells. It can be removed when no personal workspace uses '{name}' any more.");
        }

        if (await IsUsedAsync(db, name, number, cancellationToken))
        {
            throw RequestRefused.WrongState($"A PC still runs generation {number} of '{name}', has prepared it or goes back to it, and could not mend it any more. Wait until it has moved on.");
        }

        generation.State = GenerationState.Removed;
        foreach (var next in await db.Generations.Where(g => g.ImageId == generation.ImageId && g.DeltaFrom == number).ToListAsync(cancellationToken))
        {
            (next.DeltaFrom, next.DeltaState, next.DeltaBytes, next.DeltaProblem) = (null, null, 0, null);
        }

        db.Record(time, actor, ActivityKinds.GenerationRemoved, $"Generation {number} of '{name}' was removed.");
        await db.SaveChangesAsync(cancellationToken);
        _wake.Writer.TryWrite(true);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var soon = s_soon;
        for (var isDue = false; ; isDue = true)
        {
            var pause = s_between;
            try
            {
                // At first only to finish what a killed server began; else the first collection is a day away.
                if (await UnnameRemovedAsync(stoppingToken) || isDue)
                {
                    var isInUse = await CareAsync(stoppingToken);
                    pause = isInUse ? soon : s_between;
                    soon = isInUse && soon * 2 < s_patience ? soon * 2 : isInUse ? s_patience : s_soon;
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever it was (a full disk, a file that root made): a store that is not tidied up is no reason to end the server.
                LogFailed(logger, e);
                pause = s_patience;
            }

            using var wait = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            var woken = _wake.Reader.ReadAsync(wait.Token).AsTask();
            await Task.WhenAny(woken, Task.Delay(pause, time, wait.Token));
            await wait.CancelAsync();
            stoppingToken.ThrowIfCancellationRequested();
        }
    }

    /// <returns>True: something nobody names is still being read or pushed.</returns>
    private async Task<bool> CareAsync(CancellationToken cancellationToken)
    {
        var freed = await store.CollectGarbageAsync(isDry: false, time, progress: null, cancellationToken);
        await evidence.ForgetOldAsync(cancellationToken);
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        await db.RemoveLostBlobsAsync(store, cancellationToken);
        if (freed.Bytes > 0)
        {
            db.Record(time, "server", ActivityKinds.StoreFreed, string.Create(CultureInfo.InvariantCulture, $"{freed.Bytes} bytes of the store were freed: {freed.Blobs} blobs that nothing needs any more."));
            await db.SaveChangesAsync(cancellationToken);
        }

        return freed.KeptBlobs > 0;
    }

    /// <returns>True: the store still named a removed generation.</returns>
    private async Task<bool> UnnameRemovedAsync(CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var removed = await db.Generations.IgnoreQueryFilters().Where(g => g.State == GenerationState.Removed).Select(g => new { g.Image!.Name, g.Number }).ToListAsync(cancellationToken);
        var any = false;
        foreach (var generation in removed)
        {
            any |= await store.RemoveAsync(generation.Name, generation.Number, cancellationToken);
        }

        return any;
    }

    // A PC says nothing of what its personal workspace runs, so the question is asked of the image as a whole.
    private static async Task<bool> MayCarryPersonalAsync(ServerDb db, string name, CancellationToken cancellationToken) =>
        await db.Assignments.AnyAsync(a => a.Kind == WorkspaceKind.Personal && a.ImageName == name, cancellationToken)
        || await db.Workspaces.AnyAsync(w => w.Kind == WorkspaceKind.Personal && !db.Assignments.Any(a => a.WorkspaceId == w.WorkspaceId), cancellationToken);

    private static Task<bool> IsUsedAsync(ServerDb db, string name, int number, CancellationToken cancellationToken) =>
        db.Workspaces.AnyAsync(
            w => (w.RunningGeneration == number || w.PreparedGeneration == number || w.CommittedGeneration == number)
                && db.Assignments.Any(a => a.WorkspaceId == w.WorkspaceId && a.ImageName == name && db.GroupMembers.Any(m => m.GroupId == a.GroupId && m.EndpointId == w.EndpointId)),
            cancellationToken);

    [LoggerMessage(EventId = 22, Level = LogLevel.Error, Message = "The store's garbage could not be collected; it is tried again in an hour")]
    private static partial void LogFailed(ILogger logger, Exception e);
}
