using System.Collections.Concurrent;
using System.Data.Common;
using System.Globalization;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Caisson.ControlPlane.Tests;

/// <summary>What each query took of a processor at best, from its beginning until its rows were read.</summary>
internal sealed class QueryTimes : DbCommandInterceptor
{
    private readonly ConcurrentDictionary<Guid, (int Thread, TimeSpan At)> _begun = new();

    /// <summary>By the text of the command.</summary>
    public ConcurrentDictionary<string, TimeSpan> Best { get; } = new(StringComparer.Ordinal);

    public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
    {
        _begun[eventData.CommandId] = (Environment.CurrentManagedThreadId, OnProcessor());
        return base.ReaderExecutingAsync(command, eventData, result, cancellationToken);
    }

    // SQLite answers on the thread that asks; should that ever change, no time is better than a wrong one.
    public override InterceptionResult DataReaderDisposing(DbCommand command, DataReaderDisposingEventData eventData, InterceptionResult result)
    {
        if (_begun.TryRemove(eventData.CommandId, out var begun) && begun.Thread == Environment.CurrentManagedThreadId)
        {
            var took = OnProcessor() - begun.At;
            Best.AddOrUpdate(command.CommandText, took, (_, best) => took < best ? took : best);
        }

        return base.DataReaderDisposing(command, eventData, result);
    }

    /// <summary>What this thread has had of a processor: first number of /proc/PID/schedstat, in nanoseconds (kernel documentation, sched-stats).</summary>
    private static TimeSpan OnProcessor() =>
        TimeSpan.FromMicroseconds(long.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[0], CultureInfo.InvariantCulture) / 1000);
}
