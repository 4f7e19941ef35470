using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Verbs;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Tests;

public sealed class DatabaseTests
{
    private static string Fixtures => Path.Combine(AppContext.BaseDirectory, "fixtures");

    public static TheoryData<string> Versions => [.. Directory.EnumerateFiles(Fixtures, "*.sql").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_database_of_each_landed_version_is_brought_to_this_one_and_loses_nothing(string version)
    {
        await using var server = await TestServer.StartAsync();
        var folder = new DataFolder(Path.Combine(server.Folder.Path, "old"));
        folder.CreateDirectories();
        await using (var connection = new SqliteConnection(SqliteDurability.ConnectionString(folder.Database)))
        {
            await connection.OpenAsync(TestServer.Cancel);
            await using var command = connection.CreateCommand();
            command.CommandText = await File.ReadAllTextAsync(Path.Combine(Fixtures, version), TestServer.Cancel);
            await command.ExecuteNonQueryAsync(TestServer.Cancel);
        }

        await using var db = await ServerDatabase.OpenAsync(folder, TestServer.Cancel);

        Assert.Empty(await db.Database.GetPendingMigrationsAsync(TestServer.Cancel));
        var pc = await db.Endpoints.Include(e => e.Workspaces).SingleAsync(TestServer.Cancel);
        Assert.Equal(("desk-1", 7L, "work"), (pc.HostName, pc.Sequence, pc.Workspaces.Single().WorkspaceId));
        Assert.Equal("work", (await db.Generations.Include(g => g.Image).SingleAsync(TestServer.Cancel)).Image!.Name);
    }

    [Fact]
    public async Task Every_migration_has_a_fixture_and_none_is_missing()
    {
        await using var server = await TestServer.StartAsync();
        await using var db = server.Database();

        Assert.False(db.Database.HasPendingModelChanges(), "The model has changed: dotnet ef migrations add NAME --output-dir Data/Migrations");
        Assert.Equal(db.Database.GetMigrations().Select(m => $"{m}.sql"), Versions.Select(v => v.Data));
    }

    [Fact]
    public async Task A_commit_is_on_the_disk_before_it_is_answered()
    {
        await using var server = await TestServer.StartAsync();
        await using var db = server.Database();
        await db.Database.OpenConnectionAsync(TestServer.Cancel);

        Assert.Equal(2L, await db.Database.SqlQueryRaw<long>("SELECT synchronous AS Value FROM pragma_synchronous").SingleAsync(TestServer.Cancel));
        Assert.Equal("wal", await db.Database.SqlQueryRaw<string>("SELECT journal_mode AS Value FROM pragma_journal_mode").SingleAsync(TestServer.Cancel));
    }

    [Fact]
    public async Task A_taken_port_is_named_with_what_to_do()
    {
        await using var server = await TestServer.StartAsync();
        var config = ServerConfig.Load(server.Folder) with { Url = new Uri($"http://localhost:{server.Address.People.Port}") };

        var refusal = await Assert.ThrowsAsync<VerbException>(() => ServerVerbs.StartAsync(server.Folder, config, server.Time, TestServer.Cancel));

        Assert.Contains($":{server.Address.People.Port}", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("Free the port", refusal.Message, StringComparison.Ordinal);
    }
}
