using System.Formats.Tar;
using System.Text.RegularExpressions;
using Caisson.ControlPlane.Data;
using Caisson.Images;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Verbs;

/// <summary>
/// restore FILE: a server again, in an empty folder. Every endpoint's sequence jumps ahead, by the clock: what the lost server had sent since
/// the backup is below it, and so is what an earlier restore of the same backup sent.
/// </summary>
internal static partial class RestoreVerb
{
    /// <summary>Sequence numbers per second that a restored server is ahead; no endpoint's desired state changes so often.</summary>
    private const long SequencesPerSecond = 1000;

    public static async Task RunAsync(Arguments arguments, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = new DataFolder(arguments.Required("data"));
        var file = Path.GetFullPath(arguments.Word("The backup to read"));
        arguments.End();
        var missing = await ReadAsync(folder, file, time, cancellationToken);
        System.Console.WriteLine($"Restored into '{folder.Path}'." + (missing > 0 ? $" {missing} blobs are not there: copy them back to '{Path.Combine(folder.Store, "blobs", "sha256")}', or publish the images again." : ""));
        System.Console.WriteLine("Enrolment tokens and sign-in links of the backup are void; make new ones. What was done since the backup is forgotten: revoke again the PCs revoked since then, and delete again the API tokens deleted since then.");
    }

    /// <returns>How many blobs the backup names that are not in the store.</returns>
    public static async Task<int> ReadAsync(DataFolder folder, string file, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
        {
            throw new VerbException(ExitCode.BadInput, $"There is no file '{file}'.");
        }

        if (Directory.Exists(folder.Path) && Directory.EnumerateFileSystemEntries(folder.Path).Any())
        {
            throw new VerbException(ExitCode.BadInput, $"'{folder.Path}' is not empty; a backup is restored into an empty folder only. Nothing was changed.");
        }

        // Beside the target, so that the last step is a rename: the folder is there whole or not at all.
        var work = new DataFolder(folder.Path + ".restoring");
        if (Directory.Exists(work.Path))
        {
            Directory.Delete(work.Path, recursive: true);
        }

        work.CreateDirectories();
        try
        {
            await UnpackAsync(work, file, cancellationToken);
            ServerConfig.Load(work);
            await PrepareAsync(work, time, cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or Microsoft.Data.Sqlite.SqliteException)
        {
            throw new VerbException(ExitCode.Damaged, $"'{file}' is not a whole backup of a Caisson server: {e.Message} Nothing was changed.", e);
        }

        var list = Path.Combine(work.Path, "blobs.txt");
        var missing = File.Exists(list) ? File.ReadLines(list).Count(l => !File.Exists(Path.Combine(work.Store, "blobs", "sha256", l.Split(' ')[0][7..]))) : 0;
        if (Directory.Exists(folder.Path))
        {
            Directory.Delete(folder.Path);
        }

        WholeFile.PublishDirectory(work.Path, folder.Path);
        return missing;
    }

    private static async Task UnpackAsync(DataFolder work, string file, CancellationToken cancellationToken)
    {
        await using var input = File.OpenRead(file);
        await using var tar = new TarReader(input);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            // Only names we write; nothing in a tar decides where it goes.
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || !Known().IsMatch(entry.Name) || entry.DataStream is null && entry.Length > 0)
            {
                throw new InvalidDataException($"it has an entry '{entry.Name}' that no backup has.");
            }

            var target = Path.Combine(work.Path, entry.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await using var output = new FileStream(target, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            if (entry.DataStream is { } data)
            {
                await data.CopyToAsync(output, cancellationToken);
            }

            output.Flush(flushToDisk: true);
        }

        foreach (var needed in (string[])[work.Config, work.Database, work.AuthorityKey, work.AuthorityCertificate, work.DesiredStateKey, work.ServerKey, work.ServerCertificate])
        {
            if (!File.Exists(needed))
            {
                throw new InvalidDataException($"{Path.GetRelativePath(work.Path, needed)} is missing.");
            }
        }
    }

    /// <summary>Sequences ahead; and what is good once is good no more, since it may have been used after the backup.</summary>
    private static async Task PrepareAsync(DataFolder work, TimeProvider time, CancellationToken cancellationToken)
    {
        var floor = time.GetUtcNow().ToUnixTimeSeconds() * SequencesPerSecond;
        await using var db = await ServerDatabase.OpenAsync(work, cancellationToken);
        await db.Endpoints.ExecuteUpdateAsync(
            set => set.SetProperty(e => e.Sequence, e => (e.Sequence > floor ? e.Sequence : floor) + 1_000_000).SetProperty(e => e.DesiredContentHash, ""),
            cancellationToken);
        var now = time.GetUtcNow();
        await db.EnrolmentSecrets.Where(s => s.UsedAt == null && s.ExpiresAt > now).ExecuteUpdateAsync(set => set.SetProperty(s => s.ExpiresAt, now), cancellationToken);
        await db.SignInLinks.ExecuteDeleteAsync(cancellationToken);
        db.Record(time, "server", ActivityKinds.ServerRestored, "The server was restored from a backup. Every PC's desired state got a new number; enrolment tokens and sign-in links became void.");
        await db.SaveChangesAsync(cancellationToken);
    }

    [GeneratedRegex(@"\A(config\.json|caisson\.db|blobs\.txt|keys/(retired/|cookies/|caches/)?[A-Za-z0-9][A-Za-z0-9._-]*|store/(oci-layout|index\.json|blobs/sha256/[0-9a-f]{64}))\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Known();
}
