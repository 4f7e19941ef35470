using System.Collections.Concurrent;
using Caisson.ControlPlane.Data;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>
/// When each endpoint was last heard of. Twenty thousand PCs poll some 333 times a second and a durable write each would fill the disk's
/// time, so this one column is written in batches; after a power cut it is seconds old, and the next poll mends it.
/// </summary>
internal sealed partial class Presence(IDbContextFactory<ServerDb> database, TimeProvider time, ILogger<Presence> logger) : BackgroundService
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(2);
    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);

    public void Seen(string endpointId) => _seen[endpointId] = time.GetUtcNow();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await FlushAsync(stoppingToken);
            }
            catch (Exception e) when (e is DbUpdateException or Microsoft.Data.Sqlite.SqliteException)
            {
                LogNotWritten(logger, e);
            }
        }
    }

    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        if (_seen.IsEmpty)
        {
            return;
        }

        await using var db = await database.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        foreach (var (id, at) in _seen)
        {
            await db.Endpoints.Where(e => e.Id == id).ExecuteUpdateAsync(set => set.SetProperty(e => e.LastSeenAt, at), cancellationToken);
            _seen.TryRemove(KeyValuePair.Create(id, at));
        }

        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 10, Level = LogLevel.Warning, Message = "When endpoints were last seen could not be written; it is tried again in two seconds")]
    private static partial void LogNotWritten(ILogger logger, Exception e);
}
