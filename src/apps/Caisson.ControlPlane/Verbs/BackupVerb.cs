using System.Formats.Tar;
using System.Text.RegularExpressions;
using Caisson.ControlPlane.Data;
using Caisson.Images;
using Microsoft.Data.Sqlite;

namespace Caisson.ControlPlane.Verbs;

/// <summary>
/// backup FILE: one tar, readable by its owner only, with a consistent copy of the database, the keys and the configuration. Blobs are large
/// and never change: by default they are only named (blobs.txt: digest and bytes), to be copied by the backup of the store's folder.
/// </summary>
internal static partial class BackupVerb
{
    public static async Task RunAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = new DataFolder(arguments.Required("data"));
        var withBlobs = arguments.Flag("with-blobs");
        var file = Path.GetFullPath(arguments.Word("The file to write"));
        arguments.End();
        var blobs = await WriteAsync(folder, file, withBlobs, cancellationToken);
        System.Console.WriteLine(withBlobs ? $"Wrote '{file}' with {blobs} blobs. It holds every key: keep it as you keep the server."
            : $"Wrote '{file}'. It holds every key: keep it as you keep the server. {blobs} blobs are named in it but not part of it: copy '{folder.Store}' too, or use --with-blobs.");
    }

    /// <returns>How many blobs the store has.</returns>
    public static async Task<int> WriteAsync(DataFolder folder, string file, bool withBlobs, CancellationToken cancellationToken)
    {
        ServerConfig.Load(folder);
        var temporary = file + ".new";
        var database = Path.Combine(folder.Path, $"backup-{Guid.NewGuid():N}.db");
        try
        {
            await CopyDatabaseAsync(folder, database, cancellationToken);
            var blobs = Blobs(folder);
            await using (var output = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                await using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
                await tar.WriteEntryAsync(folder.Config, "config.json", cancellationToken);
                await tar.WriteEntryAsync(database, "caisson.db", cancellationToken);
                foreach (var key in Directory.EnumerateFiles(folder.Keys, "*", SearchOption.AllDirectories))
                {
                    await tar.WriteEntryAsync(key, Path.GetRelativePath(folder.Path, key), cancellationToken);
                }

                await WriteListAsync(tar, blobs, cancellationToken);
                foreach (var part in withBlobs ? Layout(folder).Concat(blobs) : [])
                {
                    await tar.WriteEntryAsync(part, Path.GetRelativePath(folder.Path, part), cancellationToken);
                }

                await tar.DisposeAsync();
                output.Flush(flushToDisk: true);
            }

            WholeFile.Publish(temporary, file);
            return blobs.Count;
        }
        finally
        {
            File.Delete(temporary);
            File.Delete(database);
        }
    }

    /// <summary>VACUUM INTO: one consistent moment, beside a writing server.</summary>
    private static async Task CopyDatabaseAsync(DataFolder folder, string target, CancellationToken cancellationToken)
    {
        await using (new FileStream(target, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            // An empty file with the right mode: VACUUM INTO accepts one.
        }

        await using var connection = new SqliteConnection(SqliteDurability.ConnectionString(folder.Database));
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "VACUUM INTO $target;";
        command.Parameters.AddWithValue("$target", target);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>After the database's copy, so that whatever the copy names is among them; files that the store is still writing are not.</summary>
    private static List<string> Blobs(DataFolder folder) => Directory.Exists(Path.Combine(folder.Store, "blobs", "sha256"))
        ? [.. Directory.EnumerateFiles(Path.Combine(folder.Store, "blobs", "sha256")).Where(f => BlobName().IsMatch(Path.GetFileName(f))).Order(StringComparer.Ordinal)]
        : [];

    private static IEnumerable<string> Layout(DataFolder folder) =>
        new[] { Path.Combine(folder.Store, "oci-layout"), Path.Combine(folder.Store, "index.json") }.Where(File.Exists);

    private static async Task WriteListAsync(TarWriter tar, List<string> blobs, CancellationToken cancellationToken)
    {
        var lines = string.Concat(blobs.Select(b => $"sha256:{Path.GetFileName(b)} {new FileInfo(b).Length}\n"));
        await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "blobs.txt") { DataStream = new MemoryStream(System.Text.Encoding.ASCII.GetBytes(lines)) }, cancellationToken);
    }

    [GeneratedRegex(@"\A[0-9a-f]{64}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex BlobName();
}
