using System.Text.Json;
using Caisson.ControlPlane.Data;
using Caisson.Protocol;
using Microsoft.EntityFrameworkCore;

namespace Caisson.ControlPlane.Fleet;

/// <summary>Takes in what endpoints report: the latest state of each, durably, and an activity entry for each change worth reading.</summary>
internal sealed class Reports(IDbContextFactory<ServerDb> database, EvidenceDesk evidence, TimeProvider time)
{
    private const int MaxWorkspaces = 64;

    /// <summary>JSON carries whole numbers exactly up to here; nobody counts so far honestly.</summary>
    private const long MaxSequence = 1L << 53;

    public async Task AcceptAsync(string endpointId, EndpointReport report, CancellationToken cancellationToken)
    {
        if (report.Workspaces.Count > MaxWorkspaces || report.Orders.Count > MaxWorkspaces || report.Sequence is < 0 or > MaxSequence)
        {
            throw RequestRefused.BadInput($"A report has at most {MaxWorkspaces} workspaces and order results, and a sequence below 2^53.");
        }

        await using var db = await database.CreateDbContextAsync(cancellationToken);
        var endpoint = await db.Endpoints.Include(e => e.Workspaces).FirstAsync(e => e.Id == endpointId, cancellationToken);
        TakeSequence(endpoint, report.Sequence);
        TakeHost(endpoint, report.Host);
        foreach (var (kind, text) in ApplianceReports.Take(endpoint, report.Appliance))
        {
            db.Record(time, endpoint.Id, kind, text, endpoint.Id);
        }

        var personal = await PersonalAsync(db, endpointId, cancellationToken);
        foreach (var workspace in report.Workspaces.DistinctBy(w => w.Id))
        {
            if (TakeWorkspace(db, endpoint, workspace, personal.Contains(workspace.Id.Value)) is { Life: not null } kept)
            {
                await evidence.TakeAsync(db, endpointId, kept, cancellationToken);
            }
        }

        var reported = report.Workspaces.Select(w => w.Id.Value).ToHashSet(StringComparer.Ordinal);
        var gone = endpoint.Workspaces.Where(w => !reported.Contains(w.WorkspaceId)).ToList();
        db.Workspaces.RemoveRange(gone);
        await evidence.ForgetAsync(db, endpointId, [.. gone.Select(w => w.WorkspaceId)], cancellationToken);
        await TakeOrdersAsync(db, endpoint, report.Orders, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Workspaces that the assignments call personal, whatever the report calls them.</summary>
    public static async Task<HashSet<string>> PersonalAsync(ServerDb db, string endpointId, CancellationToken cancellationToken) =>
        [.. await db.Assignments.Where(a => a.Kind == WorkspaceKind.Personal && db.GroupMembers.Any(m => m.GroupId == a.GroupId && m.EndpointId == endpointId))
            .Select(a => a.WorkspaceId).ToListAsync(cancellationToken)];

    private static void TakeSequence(EnrolledEndpoint endpoint, long applied)
    {
        endpoint.AppliedSequence = applied;
        if (applied > endpoint.Sequence)
        {
            // It has acted on more than this server remembers sending: we are a restored backup. Go on above what it has seen.
            endpoint.Sequence = applied;
            endpoint.DesiredContentHash = "";
        }
    }

    private static void TakeHost(EnrolledEndpoint endpoint, HostFacts host)
    {
        endpoint.HostName = Bounded(host.HostName, 120) is { Length: > 0 } name ? name : endpoint.HostName;
        var facts = endpoint.Host ??= new ReportedHost { CaissondVersion = "", QemuVersion = "", Accelerator = "", Cpus = 0, MemoryBytes = 0, FreeDiskBytes = 0 };
        facts.CaissondVersion = Bounded(host.CaissondVersion, 40);
        facts.QemuVersion = Bounded(host.QemuVersion, 40);
        facts.Accelerator = Bounded(host.Accelerator, 10);
        facts.Cpus = host.Cpus;
        facts.MemoryBytes = host.MemoryBytes;
        facts.FreeDiskBytes = host.FreeDiskBytes;
    }

    /// <returns>What is kept of it.</returns>
    private WorkspaceReport TakeWorkspace(ServerDb db, EnrolledEndpoint endpoint, WorkspaceReport said, bool isPersonal)
    {
        if (said.Id.Value is not { } id || !Names.IsWorkspaceId(id))
        {
            throw RequestRefused.BadInput("The report has a workspace whose id is not 1 to 40 of [a-z0-9-].");
        }

        // Of a personal workspace nothing else is kept, whatever was sent.
        var kept = isPersonal || said.Kind == WorkspaceKind.Personal
            ? new WorkspaceReport { Id = said.Id, Kind = WorkspaceKind.Personal, State = said.State }
            : said;
        var row = endpoint.Workspaces.Find(w => string.Equals(w.WorkspaceId, id, StringComparison.Ordinal));
        if (row is null)
        {
            row = new ReportedWorkspace { EndpointId = endpoint.Id, WorkspaceId = id, Kind = kept.Kind, State = kept.State };
            endpoint.Workspaces.Add(row);
            db.Workspaces.Add(row);
        }

        RecordChanges(db, endpoint, row, kept);
        row.Kind = kept.Kind;
        row.State = kept.State;
        row.RunningGeneration = kept.RunningGeneration;
        row.PreparedGeneration = kept.PreparedGeneration;
        row.PresentBytes = kept.PresentBytes;
        row.ImageBytes = kept.ImageBytes;
        row.FirstHeartbeatAt = kept.FirstHeartbeatAt ?? (IsSameStart(row, kept) ? row.FirstHeartbeatAt : null);
        row.StartedAt = kept.StartedAt;
        row.LastHeartbeatAt = kept.LastHeartbeatAt;
        row.GuestFactsJson = JsonSerializer.Serialize(Facts(kept), FactsJson.Default.DictionaryStringString);
        row.Problem = kept.Problem is { Length: > 0 } problem ? Bounded(problem, 500) : null;
        row.ScreenshotAt = kept.Kind == WorkspaceKind.Personal ? null : row.ScreenshotAt;
        LifeReports.Take(row, kept.Life);
        return kept;
    }

    private void RecordChanges(ServerDb db, EnrolledEndpoint endpoint, ReportedWorkspace was, WorkspaceReport now)
    {
        var subject = $"{now.Id} on {endpoint.HostName}";
        void Say(string kind, string text) => db.Record(time, endpoint.Id, kind, text, endpoint.Id);

        // Once per start: a caissond that was restarted may take a later heartbeat for the first.
        if (now.FirstHeartbeatAt is not null && (was.FirstHeartbeatAt is null || !IsSameStart(was, now)))
        {
            Say(ActivityKinds.WorkspaceHeartbeat, $"{subject} is up: first heartbeat of this start.");
        }

        if (now.RunningGeneration is { } running && running != was.RunningGeneration)
        {
            Say(ActivityKinds.WorkspaceGeneration, $"{subject} runs generation {running}.");
        }

        if (now.PreparedGeneration is { } prepared && prepared != was.PreparedGeneration && prepared != now.RunningGeneration)
        {
            Say(ActivityKinds.WorkspacePrepared, $"{subject} has generation {prepared} ready for its next start.");
        }

        if (now.State != was.State && now.State is WorkspaceState.Failed or WorkspaceState.WaitingForDisk)
        {
            Say(ActivityKinds.WorkspaceState, now.State == WorkspaceState.Failed ? $"{subject} failed." : $"{subject} waits for its disk.");
        }

        if (now.Problem is { Length: > 0 } problem && !string.Equals(Bounded(problem, 500), was.Problem, StringComparison.Ordinal))
        {
            Say(ActivityKinds.WorkspaceProblem, $"{subject}: {Bounded(problem, 500)}");
        }

        foreach (var (kind, text) in LifeReports.Changes(was, now, subject))
        {
            Say(kind, text);
        }
    }

    /// <summary>Compared as it is stored, in whole milliseconds: what comes back from the database has lost the rest.</summary>
    private static bool IsSameStart(ReportedWorkspace was, WorkspaceReport now) =>
        was.StartedAt is { } stored && now.StartedAt is { } said && stored.ToUnixTimeMilliseconds() == said.ToUnixTimeMilliseconds();

    private async Task TakeOrdersAsync(ServerDb db, EnrolledEndpoint endpoint, IReadOnlyList<OrderResult> results, CancellationToken cancellationToken)
    {
        foreach (var result in results)
        {
            // An outcome is taken once, and only for an order of this endpoint.
            var order = await db.Orders.FirstOrDefaultAsync(o => o.Id == result.Id && o.EndpointId == endpoint.Id && o.Outcome == null, cancellationToken);
            if (order is null)
            {
                continue;
            }

            order.Outcome = result.Outcome;
            order.Reason = result.Reason is null ? null : Bounded(result.Reason, 500);
            var (kind, word) = result.Outcome switch
            {
                OrderOutcome.Done => (ActivityKinds.OrderDone, "was done"),
                OrderOutcome.Refused => (ActivityKinds.OrderRefused, "was refused by the PC"),
                _ => (ActivityKinds.OrderFailed, "failed"),
            };
            db.Record(time, endpoint.Id, kind, $"{order.Kind} of {order.WorkspaceId} on {endpoint.HostName} {word}{(order.Reason is null ? "." : $": {order.Reason}")}", endpoint.Id);
        }
    }

    private static Dictionary<string, string> Facts(WorkspaceReport report) => report.GuestFacts
        .Take(32)
        .Where(f => f.Key.Length <= 40 && f.Key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-'))
        .ToDictionary(f => f.Key, f => Bounded(f.Value, 256), StringComparer.Ordinal);

    /// <summary>Foreign text for people to read: bounded, one line, no control characters.</summary>
    public static string Bounded(string? text, int length) => new([.. (text ?? "").Where(c => !char.IsControl(c)).Take(length)]);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class FactsJson : System.Text.Json.Serialization.JsonSerializerContext;
