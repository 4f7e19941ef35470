using System.Net.Http.Json;
using Caisson.Endpoint.Files;
using Caisson.Endpoint.Host;
using Caisson.Endpoint.Orders;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Server;
using Caisson.Machines;
using Caisson.Protocol;
using Microsoft.Extensions.Logging;

namespace Caisson.Endpoint.Reports;

/// <summary>After each change: the local status at once, a report to the server at most once a second, and again after each poll.</summary>
internal sealed class ReportLoop(
    EndpointPaths paths, ReconcileLoop workspaces, OrderLedger ledger, EvidenceSender evidence, ServerLink link, DesiredStateStore store, DesiredStatePoller poller,
    AcceleratorChoice accelerator, QemuCapabilities capabilities, Signal changed, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan Coalesce = TimeSpan.FromSeconds(1);

    /// <summary>The local status stays fresh (heartbeat times, bytes present) without any change.</summary>
    private static readonly TimeSpan StatusTick = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(20);

    /// <summary>For a few pictures of some megabytes over a thin line; reports go on meanwhile.</summary>
    private static readonly TimeSpan EvidenceLimit = TimeSpan.FromMinutes(10);

    private string lastReport = "";
    private volatile bool polled;
    private bool failed;
    private bool statusFailed;
    private Task sendingEvidence = Task.CompletedTask;

    /// <summary>What has come from where.</summary>
    public Func<IReadOnlyList<Sources.SourceTotal>> Sources { get; init; } = () => [];

    /// <summary>How the system under the workspaces stands.</summary>
    public Func<ApplianceReport?> Appliance { get; init; } = () => null;

    /// <summary>The PC itself, for the start page; nothing on an existing Linux.</summary>
    public Func<PcFacts?> Pc { get; set; } = () => null;

    /// <summary>Port of the local page; 0 until it is up.</summary>
    public int LocalPort { get; set; }

    /// <summary>Told of each status written; the local page shows it.</summary>
    public event Action<LocalStatus>? Written;

    public LocalStatus? Latest { get; private set; }

    /// <summary>A poll is over: report even if nothing changed.</summary>
    public void Polled()
    {
        polled = true;
        changed.Set();
    }

    public async Task RunAsync(CancellationToken ct)
    {
        while (true)
        {
            WriteStatus();
            await SendIfNewAsync(ct);
            await Task.Delay(Coalesce, time, ct);
            await changed.WaitAsync(StatusTick - Coalesce, time, ct);
        }
    }

    public void WriteStatus()
    {
        var status = new LocalStatus
        {
            Endpoint = link.Endpoint,
            Server = link.Enrolment.Url,
            ServerProblem = poller.Problem,
            LastContactAt = poller.LastContactAt,
            Sequence = store.Floor,
            Accelerator = HostProbe.Word(accelerator.Accelerator),
            AcceleratorReason = accelerator.Reason,
            QemuVersion = capabilities.Version.ToString(),
            CaissondVersion = HostProbe.Version,
            ProcessId = Environment.ProcessId,
            HostBootId = HostProbe.HostBootId,
            Appliance = Appliance(),
            LocalPort = LocalPort,
            FillingPaused = File.Exists(paths.FillPaused),
            UpdatedAt = time.GetUtcNow(),
            Pc = Pc(),
            Sources = Sources(),
            Workspaces = [.. workspaces.Views().Select(LocalWorkspace.From)],
        };
        Latest = status;
        try
        {
            AtomicFile.Write(paths.Status, status.ToJson(), durable: false); // Written again every 2 s.
            statusFailed = false;
        }
        catch (IOException e)
        {
            if (!statusFailed)
            {
                Log.StatusNotWritten(log, e.Message); // A full disk must not cost the machines; the local page still shows it.
            }

            statusFailed = true;
        }

        Written?.Invoke(status);
    }

    private async Task SendIfNewAsync(CancellationToken ct)
    {
        var results = ledger.Unreported;
        var report = new EndpointReport
        {
            Endpoint = link.Endpoint,
            Sequence = store.Floor,
            Host = HostProbe.Facts(paths, capabilities),
            Workspaces = [.. workspaces.Views().Select(ReportBuilder.Report)],
            Orders = results,
            Appliance = Appliance(),
        };
        var shape = Shape(report);
        if (!polled && (failed || (results.Count == 0 && shape == lastReport)))
        {
            return;
        }

        try
        {
            polled = false;
            using var limit = new CancellationTokenSource(SendLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token); // caissond's end, or the time limit
            using var answer = await link.Http.PostAsJsonAsync(Routes.Report, report, ProtocolJson.Default.EndpointReport, either.Token);
            answer.EnsureSuccessStatusCode();
            ledger.Confirm(results);
            lastReport = shape;
            failed = false;
            if (sendingEvidence.IsCompleted)
            {
                sendingEvidence = SendEvidenceAsync(report, ct);
            }
        }
        catch (Exception e) when (!ct.IsCancellationRequested && e is HttpRequestException or OperationCanceledException or IOException)
        {
            Log.ReportFailed(log, e.Message);
            failed = true; // The next poll, good or bad, brings it again: a server that is away is not asked every second.
        }
    }

    private async Task SendEvidenceAsync(EndpointReport taken, CancellationToken ct)
    {
        try
        {
            using var limit = new CancellationTokenSource(EvidenceLimit, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
            await evidence.SendAsync(taken, either.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            Log.ReportFailed(log, e.Message); // It comes again after the next report.
        }
    }

    private static string Shape(GenerationLife? life) => life is null ? "" :
        $"{life.Health} {life.Committed} {life.Refused} {life.Failure} {life.UpdateWaitsSince:O} {life.UpdateBy:O} {string.Join('+', life.Kept)} {string.Join('+', life.Evidence.Select(e => e.Id))}";

    private static string Shape(ApplianceReport? appliance) => appliance is null ? "" :
        $" {appliance.Version} {appliance.OnTrial} {appliance.Floor} {appliance.Waiting} {appliance.Refused.Count} {appliance.Generation} {(appliance.ImageBytes == 0 ? 0 : appliance.PresentBytes * 20 / appliance.ImageBytes)} {appliance.Problem}";

    /// <summary>What counts as a change: not each heartbeat, not free disk space, and of a filling image only every twentieth part.</summary>
    private static string Shape(EndpointReport report) => string.Join('|', report.Workspaces.Select(w =>
        $"{w.Id} {w.State} {w.RunningGeneration} {w.PreparedGeneration} {w.StartedAt:O} {w.FirstHeartbeatAt:O} {(w.ImageBytes == 0 ? 0 : w.PresentBytes * 20 / w.ImageBytes)} {w.ImageBytes} {w.PresentBytes == w.ImageBytes} {w.Problem} {Shape(w.Life)} "
        + string.Join(',', w.GuestFacts.Select(f => $"{f.Key}={f.Value}")))) + report.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture) + Shape(report.Appliance);
}
