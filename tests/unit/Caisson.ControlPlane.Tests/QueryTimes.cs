using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Caisson.ControlPlane.Tests;

/// <summary>How long each query took at best: to its first row, and till its rows were read.</summary>
internal sealed class QueryTimes : DbCommandInterceptor
{
    private readonly ConcurrentDictionary<Guid, TimeSpan> _toFirstRow = new();

    /// <summary>By the text of the command.</summary>
    public ConcurrentDictionary<string, TimeSpan> Best { get; } = new(StringComparer.Ordinal);

    public override ValueTask<DbDataReader> ReaderExecutedAsync(DbCommand command, CommandExecutedEventData eventData, DbDataReader result, CancellationToken cancellationToken = default)
    {
        _toFirstRow[eventData.CommandId] = eventData.Duration;
        return base.ReaderExecutedAsync(command, eventData, result, cancellationToken);
    }

    public override InterceptionResult DataReaderDisposing(DbCommand command, DataReaderDisposingEventData eventData, InterceptionResult result)
    {
        var took = _toFirstRow.GetValueOrDefault(eventData.CommandId) + eventData.Duration;
        Best.AddOrUpdate(command.CommandText, took, (_, best) => took < best ? took : best);
        return base.DataReaderDisposing(command, eventData, result);
    }
}
