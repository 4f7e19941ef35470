using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>
/// Takes in what PCs saw of failed starts: a row from the report, then its picture and serial log, which the PC sends until they are taken.
/// Nothing is kept of a personal workspace, whatever is sent or asked.
/// </summary>
internal sealed class EvidenceDesk(IDbContextFactory<ServerDb> database, DataFolder folder, TimeProvider time)
{
    public const int MaxSerialBytes = 64 * 1024;

    /// <summary>Of one workspace on one PC; older ones go, with their files.</summary>
    private const int Most = 5;

    /// <summary>Of one failure of one generation across the fleet, with files: nobody looks at the next one, and twenty thousand PCs would fill the disk.</summary>
    private const int MostAlike = 200;

    private static readonly TimeSpan s_kept = TimeSpan.FromDays(90);

    /// <summary>Adds what is new in a report. The caller saves.</summary>
    public async Task TakeAsync(ServerDb db, string endpointId, WorkspaceReport report, CancellationToken cancellationToken)
    {
        var said = (report.Life?.Evidence ?? []).Where(e => Names.IsWorkspaceId(e.Id)).DistinctBy(e => e.Id, StringComparer.Ordinal).Take(Most).ToList();
        var workspaceId = report.Id.Value;
        if (said.Count == 0 || !await Screenshots.MayBeSeenAsync(db, endpointId, workspaceId, cancellationToken))
        {
            return;
        }

        var known = await db.Evidence.Where(e => e.EndpointId == endpointId && e.WorkspaceId == workspaceId).ToListAsync(cancellationToken);
        var now = time.GetUtcNow();
        var fresh = said.Where(e => known.TrueForAll(k => k.Id != e.Id)).Select(e => new Evidence
        {
            EndpointId = endpointId,
            WorkspaceId = workspaceId,
            Id = e.Id,
            Generation = e.Generation,
            At = e.At,
            Failure = e.Failure,
            Text = Reports.Bounded(e.Text, 500),
            ReceivedAt = now,
        }).ToList();
        db.Evidence.AddRange(fresh);
        // By our own clock: a PC whose clock stands wrong is just the one to be looked at.
        Remove(db, known.Concat(fresh).OrderByDescending(e => e.ReceivedAt).ThenByDescending(e => e.Id, StringComparer.Ordinal).Skip(Most));
    }

    /// <summary>Forgets what was seen of workspaces a PC does not have any more. The caller saves.</summary>
    public async Task ForgetAsync(ServerDb db, string endpointId, IReadOnlyList<string> workspaces, CancellationToken cancellationToken)
    {
        if (workspaces.Count > 0)
        {
            Remove(db, await db.Evidence.Where(e => e.EndpointId == endpointId && workspaces.Contains(e.WorkspaceId)).ToListAsync(cancellationToken));
        }
    }

    /// <summary>Forgets what is older than 90 days.</summary>
    public async Task ForgetOldAsync(CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var limit = time.GetUtcNow() - s_kept;
        Remove(db, await db.Evidence.Where(e => e.ReceivedAt < limit).ToListAsync(cancellationToken));
        await db.SaveChangesAsync(cancellationToken);
    }

    public async Task KeepScreenAsync(string endpointId, string workspaceId, string id, Stream png, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var row = await FindAsync(db, endpointId, workspaceId, id, cancellationToken);
        Write(PathOf(endpointId, workspaceId, id, "png"), (await Screenshots.ReadAsync(png, cancellationToken)).Span);
        row.HasScreen = true;
        await db.SaveChangesAsync(cancellationToken);
    }

    public async Task KeepSerialAsync(string endpointId, string workspaceId, string id, Stream text, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var row = await FindAsync(db, endpointId, workspaceId, id, cancellationToken);
        var bytes = new byte[MaxSerialBytes + 1];
        var length = await text.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > MaxSerialBytes)
        {
            throw new RequestRefused(StatusCodes.Status413PayloadTooLarge, ProblemCodes.BadInput, "A serial log has at most 64 KiB: send its end.");
        }

        Write(PathOf(endpointId, workspaceId, id, "log"), bytes.AsSpan(0, length));
        row.HasSerial = true;
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Newest first.</summary>
    public async Task<Page<EvidenceInfo>> ListAsync(string endpointId, string workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        if (!await Screenshots.MayBeSeenAsync(db, endpointId, workspaceId, cancellationToken))
        {
            return new Page<EvidenceInfo>([], 0, 0);
        }

        var rows = await db.Evidence.AsNoTracking().Where(e => e.EndpointId == endpointId && e.WorkspaceId == workspaceId).OrderByDescending(e => e.ReceivedAt).ThenByDescending(e => e.Id).ToListAsync(cancellationToken);
        return new Page<EvidenceInfo>([.. rows.Select(Info)], rows.Count, 0);
    }

    /// <summary>The file of a picture ("png") or serial log ("log"); null when there is none or may be none.</summary>
    public async Task<string?> FileAsync(string endpointId, string workspaceId, string id, string extension, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var known = await db.Evidence.AnyAsync(e => e.EndpointId == endpointId && e.WorkspaceId == workspaceId && e.Id == id, cancellationToken);
        var file = PathOf(endpointId, workspaceId, id, extension);
        return known && await Screenshots.MayBeSeenAsync(db, endpointId, workspaceId, cancellationToken) && File.Exists(file) ? file : null;
    }

    public static EvidenceInfo Info(Evidence row) => new()
    {
        Evidence = new StartEvidence { Id = row.Id, Generation = row.Generation, At = row.At, Failure = row.Failure, Text = row.Text },
        ReceivedAt = row.ReceivedAt,
        HasScreen = row.HasScreen,
        HasSerial = row.HasSerial,
    };

    private static async Task<Evidence> FindAsync(ServerDb db, string endpointId, string workspaceId, string id, CancellationToken cancellationToken)
    {
        if (!await Screenshots.MayBeSeenAsync(db, endpointId, workspaceId, cancellationToken))
        {
            throw new RequestRefused(StatusCodes.Status403Forbidden, ProblemCodes.PersonalWorkspace, $"Nothing is kept of workspace '{workspaceId}': it is personal, or not a workspace of this endpoint.");
        }

        var row = await db.Evidence.FirstOrDefaultAsync(e => e.EndpointId == endpointId && e.WorkspaceId == workspaceId && e.Id == id, cancellationToken)
            ?? throw RequestRefused.NotFound($"No report has spoken of evidence '{id}', or newer ones took its place.");
        var isBegun = row.HasScreen || row.HasSerial;
        var alike = isBegun ? 0 : await db.Evidence.CountAsync(e => e.WorkspaceId == workspaceId && e.Generation == row.Generation && e.Failure == row.Failure && (e.HasScreen || e.HasSerial), cancellationToken);
        return alike < MostAlike ? row : throw RequestRefused.NotFound($"Pictures and logs of {MostAlike} such failures are here already; no more are kept.");
    }

    private void Remove(ServerDb db, IEnumerable<Evidence> rows)
    {
        foreach (var row in rows.ToList())
        {
            db.Evidence.Remove(row);
            foreach (var file in ((string[])["png", "log"]).Select(extension => PathOf(row.EndpointId, row.WorkspaceId, row.Id, extension)).Where(File.Exists))
            {
                File.Delete(file);
            }
        }
    }

    private static void Write(string file, ReadOnlySpan<byte> bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DataFolder.WritePrivate(file, bytes);
    }

    /// <summary>All three are rows of ours before a file is touched, so they are safe in a path.</summary>
    private string PathOf(string endpointId, string workspaceId, string id, string extension) => Path.Combine(folder.Evidence, endpointId, workspaceId, $"{id}.{extension}");
}
