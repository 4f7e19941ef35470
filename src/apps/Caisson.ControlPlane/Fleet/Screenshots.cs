using System.Buffers.Binary;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Live;
using Caisson.Protocol;
using Caisson.Protocol.Api;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>The newest picture of each managed or disposable workspace, one file each. A personal workspace has none, whatever is sent or asked.</summary>
internal sealed class Screenshots(IDbContextFactory<ServerDb> database, DataFolder folder, Changes changes, TimeProvider time)
{
    public const int MaxBytes = 8 << 20;

    // PNG (W3C, third edition, 5.2): eight bytes of signature, then the IHDR chunk: length 13, "IHDR", width, height.
    private static ReadOnlySpan<byte> Head => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, (byte)'I', (byte)'H', (byte)'D', (byte)'R'];

    private const int MaxSide = 16384;

    public async Task KeepAsync(string endpointId, string workspaceId, Stream png, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        if (!await MayBeSeenAsync(db, endpointId, workspaceId, cancellationToken))
        {
            throw new RequestRefused(StatusCodes.Status403Forbidden, ProblemCodes.PersonalWorkspace, $"No picture of workspace '{workspaceId}' is taken: it is personal, or not a workspace of this endpoint.");
        }

        var picture = await ReadAsync(png, cancellationToken);
        var file = PathOf(endpointId, workspaceId);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        DataFolder.WritePrivate(file, picture.Span);
        var now = time.GetUtcNow();
        await db.Workspaces.Where(w => w.EndpointId == endpointId && w.WorkspaceId == workspaceId)
            .ExecuteUpdateAsync(set => set.SetProperty(w => w.ScreenshotAt, now), cancellationToken);
        changes.Pulse(endpointId);
    }

    /// <summary>The file of the newest picture; null when there is none or may be none.</summary>
    public async Task<string?> FindAsync(string endpointId, string workspaceId, CancellationToken cancellationToken)
    {
        await using var db = await database.CreateDbContextAsync(cancellationToken);
        return await MayBeSeenAsync(db, endpointId, workspaceId, cancellationToken) && File.Exists(PathOf(endpointId, workspaceId)) ? PathOf(endpointId, workspaceId) : null;
    }

    /// <summary>Only a workspace that is assigned, and that neither the assignment nor the report calls personal. Both ids are then rows of ours, so they are safe in a path.</summary>
    public static async Task<bool> MayBeSeenAsync(ServerDb db, string endpointId, string workspaceId, CancellationToken cancellationToken)
    {
        var kinds = await db.Assignments.Where(a => a.WorkspaceId == workspaceId && db.GroupMembers.Any(m => m.GroupId == a.GroupId && m.EndpointId == endpointId)).Select(a => a.Kind).ToListAsync(cancellationToken);
        var reportedPersonal = await db.Workspaces.AnyAsync(w => w.EndpointId == endpointId && w.WorkspaceId == workspaceId && w.Kind == WorkspaceKind.Personal, cancellationToken);
        return kinds.Count > 0 && !kinds.Contains(WorkspaceKind.Personal) && !reportedPersonal;
    }

    /// <summary>A PNG picture of bounded bytes and sides, or a refusal.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadAsync(Stream png, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        var block = new byte[64 * 1024];
        int read;
        while ((read = await png.ReadAsync(block, cancellationToken)) > 0)
        {
            buffer.Write(block, 0, read);
            if (buffer.Length > MaxBytes)
            {
                throw new RequestRefused(StatusCodes.Status413PayloadTooLarge, ProblemCodes.BadInput, "A picture has at most 8 MiB.");
            }
        }

        var bytes = buffer.ToArray();
        var isPicture = bytes.Length > Head.Length + 8 && bytes.AsSpan().StartsWith(Head)
            && BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(16)) is > 0 and <= MaxSide
            && BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(20)) is > 0 and <= MaxSide;
        return isPicture ? bytes : throw RequestRefused.BadInput("The body is not a PNG picture.");
    }

    private string PathOf(string endpointId, string workspaceId) => Path.Combine(folder.Screenshots, endpointId, workspaceId + ".png");
}
