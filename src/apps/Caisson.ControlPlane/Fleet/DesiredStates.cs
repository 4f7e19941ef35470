using System.Security.Cryptography;
using System.Text.Json;
using Caisson.ControlPlane.Certificates;
using Caisson.ControlPlane.Data;
using Caisson.ControlPlane.Sources;
using Caisson.Protocol;
using Caisson.Trust;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>
/// Numbers and signs each endpoint's desired state. The sequence is raised in the database, durably, before a document with it leaves: an
/// endpoint that has acted on N can never be offered other content under N, nor anything under less.
/// </summary>
internal sealed class DesiredStates(IDbContextFactory<ServerDb> database, DesiredStateSigner signer, SourceList sources, ServerConfig config, TimeProvider time)
{
    /// <summary>The state as it is now.</summary>
    public async Task<DesiredState> GetAsync(string endpointId, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var db = await database.CreateDbContextAsync(cancellationToken);
            var endpoint = await db.Endpoints.AsNoTracking().FirstAsync(e => e.Id == endpointId, cancellationToken);
            var content = await ComposeAsync(db, endpoint, cancellationToken);
            var hash = Hash(endpointId, content);
            if (string.Equals(hash, endpoint.DesiredContentHash, StringComparison.Ordinal))
            {
                return Document(endpointId, content, endpoint.Sequence, endpoint.DesiredIssuedAt);
            }

            var sequence = endpoint.Sequence + 1;
            var issuedAt = time.GetUtcNow();
            var raised = await db.Endpoints
                .Where(e => e.Id == endpointId && e.Sequence == endpoint.Sequence)
                .ExecuteUpdateAsync(set => set.SetProperty(e => e.Sequence, sequence).SetProperty(e => e.DesiredContentHash, hash).SetProperty(e => e.DesiredIssuedAt, issuedAt), cancellationToken);
            if (raised == 1)
            {
                return Document(endpointId, content, sequence, issuedAt);
            }

            // Somebody else raised it between our read and our write: look again.
        }
    }

    public SignedDocument Sign(DesiredState state) =>
        signer.Sign(DesiredState.PayloadType, JsonSerializer.SerializeToUtf8Bytes(state, ProtocolJson.Default.DesiredState));

    private async Task<DesiredContent> ComposeAsync(ServerDb db, EnrolledEndpoint endpoint, CancellationToken cancellationToken)
    {
        var assignments = await db.Assignments.AsNoTracking()
            .Where(a => db.GroupMembers.Any(m => m.GroupId == a.GroupId && m.EndpointId == endpoint.Id))
            .ToListAsync(cancellationToken);
        var groups = await db.Groups.AsNoTracking().Where(g => g.ApplianceImage != null && g.Members.Any(m => m.EndpointId == endpoint.Id)).ToListAsync(cancellationToken);
        var names = assignments.Select(a => a.ImageName).Concat(groups.Select(g => g.ApplianceImage!)).Distinct(StringComparer.Ordinal).ToList();
        var generations = await db.Generations.AsNoTracking().Include(g => g.Image).Where(g => names.Contains(g.Image!.Name)).ToListAsync(cancellationToken);
        var now = time.GetUtcNow();
        var orders = await db.Orders.AsNoTracking().Where(o => o.EndpointId == endpoint.Id && o.Outcome == null && o.ExpiresAt > now).ToListAsync(cancellationToken);
        return DesiredStateComposition.Compose(endpoint.FillBytesPerSecond, assignments, generations, orders, now) with { Sources = sources.For(names), Appliance = DesiredStateComposition.Appliance(groups, generations) };
    }

    private DesiredState Document(string endpointId, DesiredContent content, long sequence, DateTimeOffset issuedAt) => new()
    {
        Endpoint = new EndpointId(endpointId),
        Sequence = sequence,
        IssuedAt = issuedAt,
        FillBytesPerSecond = content.FillBytesPerSecond,
        Sources = content.Sources,
        FillSchedule = config.FillSchedule,
        Appliance = content.Appliance,
        Workspaces = content.Workspaces,
        Orders = content.Orders,
    };

    private string Hash(string endpointId, DesiredContent content) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(Document(endpointId, content, 0, default), ProtocolJson.Default.DesiredState)));
}
