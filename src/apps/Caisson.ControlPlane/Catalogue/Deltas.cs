using System.Threading.Channels;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Registry;
using Caisson.Images;
using Caisson.Protocol.Api;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>
/// Makes the delta of each published generation from the one before, one at a time. What is left to do is a column of the generation,
/// so a server that was killed goes on where it was. Endpoints find the delta as a referrer of the new manifest.
/// </summary>
internal sealed partial class Deltas(IDbContextFactory<ServerDb> database, ImageStore store, TimeProvider time, ILogger<Deltas> logger) : BackgroundService
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public void Wake() => _wake.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Wake();
        await foreach (var _ in _wake.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                while (await NextAsync(stoppingToken) is { } id)
                {
                    await MakeAsync(id, stoppingToken);
                }
            }
            catch (Exception e) when (e is DbUpdateException or SqliteException or IOException)
            {
                // The database cannot be written: most often a full disk. What is left to do is still there afterwards.
                LogWaiting(logger, e);
                await Task.Delay(s_patience, time, stoppingToken);
                Wake();
            }
        }
    }

    private async Task<int?> NextAsync(CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        return await db.Generations.Where(g => g.DeltaState == DeltaState.Pending).OrderBy(g => g.Id).Select(g => (int?)g.Id).FirstOrDefaultAsync(cancellationToken);
    }

    private async Task MakeAsync(int id, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var generation = await db.Generations.Include(g => g.Image).FirstAsync(g => g.Id == id, cancellationToken);
        var name = generation.Image!.Name;
        var from = await db.Generations.AsNoTracking().FirstOrDefaultAsync(g => g.ImageId == generation.ImageId && g.Number == generation.DeltaFrom, cancellationToken);
        try
        {
            var delta = await store.CreateDeltaAsync(from!.ManifestDigest, generation.ManifestDigest, time, progress: null, cancellationToken);
            await db.AddBlobsAsync(name, await store.BlobsOfAsync(delta.ManifestDigest, cancellationToken), cancellationToken);
            generation.DeltaState = DeltaState.Ready;
            generation.DeltaBytes = delta.Bytes;
            db.Record(time, "server", ActivityKinds.DeltaReady, $"The update of '{name}' from generation {from.Number} to {generation.Number} is ready: {delta.Bytes} bytes.");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(logger, e, name, generation.Number);
            generation.DeltaState = DeltaState.Failed;
            generation.DeltaProblem = e.Message;
            db.Record(time, "server", ActivityKinds.DeltaFailed, $"The update of '{name}' to generation {generation.Number} could not be made; PCs take the whole of what they lack. {e.Message}");
        }

        await db.SaveChangesAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 20, Level = LogLevel.Error, Message = "The delta of {Image}@{Number} could not be made")]
    private static partial void LogFailed(ILogger logger, Exception e, string image, int number);

    [LoggerMessage(EventId = 21, Level = LogLevel.Error, Message = "Deltas wait half a minute: the database cannot be used")]
    private static partial void LogWaiting(ILogger logger, Exception e);
}
