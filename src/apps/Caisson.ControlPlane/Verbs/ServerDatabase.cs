using Caisson.ControlPlane.Data;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Verbs;

/// <summary>Opens the database of a data folder for a verb, brought to this version's schema.</summary>
internal static class ServerDatabase
{
    public static async Task<ServerDb> OpenAsync(DataFolder folder, CancellationToken cancellationToken)
    {
        var db = SqliteDurability.Open(folder.Database);
        await db.Database.MigrateAsync(cancellationToken);

        // A property of the file; a restored copy does not have it.
        await db.Database.ExecuteSqlRawAsync("PRAGMA journal_mode=WAL;", cancellationToken);
        File.SetUnixFileMode(folder.Database, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return db;
    }
}
