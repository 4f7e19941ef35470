using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Live;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>
/// Takes in what PCs saw of failed starts: a row from the report, then its picture and serial log, which the PC sends until they are taken.
/// Nothing is kept of a personal workspace, whatever is sent or asked.
/// </summary>
internal sealed class EvidenceDesk(IDbContextFactory<ServerDb> database, DataFolder folder, Changes changes, TimeProvider time)
{
    public const int MaxSerialBytes = 64 * 1024;

    /// <summary>Of one workspace on one PC; older ones go, with their files.</summary>
    private const int Most = 5;

    /// <summary>Adds what is new in a report. The caller saves.</summary>
    public async Task TakeAsync(ServerDb db, string endpointId, WorkspaceReport report, CancellationToken cancellationToken)
    {
        var said = (report.Life?.Evidence ?? []).Where(e => Names.IsWorkspaceId(e.Id)).DistinctBy(e => e.Id, StringComparer.Ordinal).Take(Most).ToList();
        if (said.Count == 0)
        {
            return;
        }

        var workspaceId = report.Id.Value;
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
        foreach (var old in known.Concat(fresh).OrderByDescending(e => e.At).Skip(Most))
        {
            db.Evidence.Remove(old);
            foreach (var file in ((string[])["png", "log"]).Select(extension => PathOf(endpointId, workspaceId, old.Id, extension)).Where(File.Exists))
            {
                File.Delete(file);
            }
        }
    }

    public async Task KeepScreenAsync(string endpointId, string workspaceId, string id, Stream png, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var row = await FindAsync(db, endpointId, workspaceId, id, cancellationToken);
        Write(PathOf(endpointId, workspaceId, id, "png"), (await Screenshots.ReadAsync(png, cancellationToken)).Span);
        row.HasScreen = true;
        await db.SaveChangesAsync(cancellationToken);
        changes.Pulse(endpointId);
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
        changes.Pulse(endpointId);
    }

    /// <summary>Newest first.</summary>
    public async Task<Page<EvidenceInfo>> ListAsync(string endpointId, string workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var rows = await db.Evidence.AsNoTracking().Where(e => e.EndpointId == endpointId && e.WorkspaceId == workspaceId).OrderByDescending(e => e.At).ToListAsync(cancellationToken);
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

        return await db.Evidence.FirstOrDefaultAsync(e => e.EndpointId == endpointId && e.WorkspaceId == workspaceId && e.Id == id, cancellationToken)
            ?? throw RequestRefused.NotFound($"No report has spoken of evidence '{id}', or newer ones took its place.");
    }

    private static void Write(string file, ReadOnlySpan<byte> bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DataFolder.WritePrivate(file, bytes);
    }

    /// <summary>All three are rows of ours before a file is touched, so they are safe in a path.</summary>
    private string PathOf(string endpointId, string workspaceId, string id, string extension) => Path.Combine(folder.Evidence, endpointId, workspaceId, $"{id}.{extension}");
}
