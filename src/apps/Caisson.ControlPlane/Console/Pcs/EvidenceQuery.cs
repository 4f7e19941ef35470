using System.Text;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Fleet;
using Caisson.Protocol;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Console.Pcs;

/// <summary>One start that failed, as its page shows it.</summary>
/// <param name="Serial">The serial log as text to read; null without one.</param>
/// <param name="MayTryAgain">The PC refuses this generation now.</param>
/// <param name="Group">The group that gives the workspace; null when none does any more.</param>
internal sealed record EvidenceView(Evidence Seen, string Pc, string Name, string? Picture, string? Serial, string SerialAddress, bool MayTryAgain, string? Group);

/// <summary>Reads what was seen of one start.</summary>
internal sealed class EvidenceQuery(IDbContextFactory<ServerDb> databases, EvidenceDesk desk)
{
    public async Task<EvidenceView?> ReadAsync(string endpoint, string workspace, string id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var row = await db.Evidence.AsNoTracking().FirstOrDefaultAsync(e => e.EndpointId == endpoint && e.WorkspaceId == workspace && e.Id == id, cancellationToken);
        if (row is null)
        {
            return null;
        }

        var pc = await db.Endpoints.Where(e => e.Id == endpoint).Select(e => e.HostName).FirstAsync(cancellationToken);
        var assigned = await db.Assignments.AsNoTracking().Include(a => a.Group)
            .Where(a => a.WorkspaceId == workspace && db.GroupMembers.Any(m => m.GroupId == a.GroupId && m.EndpointId == endpoint))
            .OrderBy(a => a.Id).FirstOrDefaultAsync(cancellationToken);
        var refused = await db.Workspaces.Where(w => w.EndpointId == endpoint && w.WorkspaceId == workspace).Select(w => w.RefusedGeneration).FirstOrDefaultAsync(cancellationToken);
        var address = $"/api/endpoints/{endpoint}/workspaces/{workspace}/evidence/{id}";
        var serial = await desk.FileAsync(endpoint, workspace, id, "log", cancellationToken);
        return new EvidenceView(
            row,
            pc,
            assigned?.Name ?? workspace,
            row.HasScreen ? $"{address}/screen" : null,
            serial is null ? null : Readable(await File.ReadAllBytesAsync(serial, cancellationToken)),
            $"{address}/serial",
            refused == row.Generation,
            assigned?.Group?.Name);
    }

    /// <summary>The guest wrote this: terminal sequences and other control characters are left out.</summary>
    internal static string Readable(byte[] log)
    {
        var text = new StringBuilder(log.Length);
        var sequence = false;
        foreach (var c in Encoding.UTF8.GetString(log))
        {
            if (sequence)
            {
                // ECMA-48: ESC [ parameters, then one final byte from @ to ~.
                sequence = c is not (>= '@' and <= '~') || c == '[';
            }
            else if (c == '\u001b')
            {
                sequence = true;
            }
            else if (c is '\n' or '\t' || !char.IsControl(c))
            {
                text.Append(c);
            }
        }

        return text.ToString().Trim('\n');
    }
}
