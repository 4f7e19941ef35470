using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Caisson.ControlPlane.Data;

/// <summary>
/// Sets what SQLite does not keep in the file: synchronous=FULL, so that a commit is on the disk before it is answered. WAL mode is a
/// property of the file and is set once, when it is made.
/// </summary>
internal sealed class SqliteDurability : DbConnectionInterceptor
{
    public static void Configure(DbContextOptionsBuilder options, string databaseFile) => options
        .UseSqlite(ConnectionString(databaseFile), sqlite => sqlite.UseQuerySplittingBehavior(QuerySplittingBehavior.SplitQuery))
        .AddInterceptors(new SqliteDurability());

    /// <summary>A context outside the host, for the verbs that work beside a running server.</summary>
    public static ServerDb Open(string databaseFile)
    {
        var options = new DbContextOptionsBuilder<ServerDb>();
        Configure(options, databaseFile);
        return new ServerDb(options.Options);
    }

    public static string ConnectionString(string databaseFile) =>
        new SqliteConnectionStringBuilder { DataSource = databaseFile, ForeignKeys = true, DefaultTimeout = 15 }.ToString();

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => SetSynchronous(connection);

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        // A pragma on an open SQLite connection touches no disk: nothing to await.
        SetSynchronous(connection);
        return Task.CompletedTask;
    }

    private static void SetSynchronous(DbConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA synchronous=FULL;";
        command.ExecuteNonQuery();
    }
}
