using System.Collections.ObjectModel;
using System.Text.Json;
using Caisson.Endpoint.Files;
using Caisson.Endpoint.Reconcile;
using Caisson.Protocol;

namespace Caisson.Endpoint.Reports;

/// <summary>What `caissond status` and the local page show. The PC's own file, readable by its owner only: personal workspaces are in it in full.</summary>
internal sealed record LocalStatus
{
    public required EndpointId Endpoint { get; init; }

    public required Uri Server { get; init; }

    /// <summary>Why the server is not reached; absent when all is well.</summary>
    public string? ServerProblem { get; init; }

    public DateTimeOffset? LastContactAt { get; init; }

    public required long Sequence { get; init; }

    /// <summary>"kvm" or "tcg".</summary>
    public required string Accelerator { get; init; }

    public required string AcceleratorReason { get; init; }

    public required string QemuVersion { get; init; }

    public required string CaissondVersion { get; init; }

    public required int ProcessId { get; init; }

    /// <summary>The start of this PC in which it was written: what it says of the server is only of this start.</summary>
    public string? HostBootId { get; init; }

    /// <summary>How the system under the workspaces stands; absent on a Linux of its own.</summary>
    public ApplianceReport? Appliance { get; init; }

    /// <summary>Port of the local page on 127.0.0.1; 0 when it is off.</summary>
    public required int LocalPort { get; init; }

    /// <summary>The background filler was paused, by order or by the person at this PC.</summary>
    public bool FillingPaused { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The PC itself; absent where the page is a browser's on an existing Linux, which shows all that.</summary>
    public Host.PcFacts? Pc { get; init; }

    /// <summary>Bytes of images that came from each source since caissond began.</summary>
    public IReadOnlyList<Sources.SourceTotal> Sources { get => field ?? []; init; }

    public required IReadOnlyList<LocalWorkspace> Workspaces { get; init; }

    public static LocalStatus? Load(EndpointPaths paths) =>
        AtomicFile.Read(paths.Status) is { } json ? JsonSerializer.Deserialize(json, EndpointJson.Default.LocalStatus) : null;

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, EndpointJson.Default.LocalStatus);
}

/// <summary>One workspace in <see cref="LocalStatus"/>.</summary>
internal sealed record LocalWorkspace
{
    public required WorkspaceId Id { get; init; }

    public required string Name { get; init; }

    public required WorkspaceKind Kind { get; init; }

    public required WorkspaceState State { get; init; }

    public int? RunningGeneration { get; init; }

    public int? PreparedGeneration { get; init; }

    public long PresentBytes { get; init; }

    public long ImageBytes { get; init; }

    public bool OfflineReady { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? FirstHeartbeatAt { get; init; }

    public DateTimeOffset? LastHeartbeatAt { get; init; }

    /// <summary>The guest kernel's boot id as its last heartbeat claimed it.</summary>
    public Guid? BootId { get; init; }

    public IReadOnlyDictionary<string, string> GuestFacts { get => field ?? ReadOnlyDictionary<string, string>.Empty; init; }

    public string? Problem { get; init; }

    /// <summary>What the person should know though nothing is wrong, for example that a suspended workspace was started afresh; absent otherwise.</summary>
    public string? Notice { get; init; }

    /// <summary>How its generations stand here; absent before the first start, and of a personal workspace.</summary>
    public GenerationLife? Life { get; init; }

    /// <summary>The same as a sentence for the person at the PC; absent while all is well.</summary>
    public string? LifeWords { get; init; }

    /// <summary>An update that waits for a restart.</summary>
    public LocalUpdate? Update { get; init; }

    public static LocalWorkspace From(WorkspaceView view) => new()
    {
        Id = view.Record.Id,
        Name = view.Record.Name,
        Kind = view.Record.Kind,
        State = view.Machine.State,
        RunningGeneration = view.Record.Last?.Number,
        PreparedGeneration = view.PreparedGeneration,
        PresentBytes = view.Fill?.PresentBytes ?? 0,
        ImageBytes = view.Fill?.ImageBytes ?? 0,
        OfflineReady = view.Fill?.IsComplete ?? false,
        StartedAt = view.Machine.StartedAt,
        FirstHeartbeatAt = view.Machine.FirstHeartbeatAt,
        LastHeartbeatAt = view.Machine.LastHeartbeatAt,
        BootId = view.Machine.BootId,
        GuestFacts = view.Machine.GuestFacts,
        Problem = view.Problem,
        Notice = view.Machine.Notice,
        Life = view.Life,
        LifeWords = view.LifeWords,
        Update = LocalUpdate.From(view),
    };
}

/// <summary>A new generation is whole and waits; the person may start it now or put it off.</summary>
internal sealed record LocalUpdate
{
    public required int Generation { get; init; }

    /// <summary>"offer", "later" or "closing".</summary>
    public required string Step { get; init; }

    /// <summary>"later": when it is offered again. "closing": when the workspace is asked to shut down.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>When it can be put off no more; absent without a deadline.</summary>
    public DateTimeOffset? By { get; init; }

    public static LocalUpdate? From(WorkspaceView view) => view.Record.Update is not { } wait || view.Update is not { } step ? null : new LocalUpdate
    {
        Generation = wait.Generation.Number,
        Step = step switch { UpdateStep.Offer => "offer", UpdateStep.Quiet => "later", _ => "closing" },
        At = step switch { UpdateStep.Quiet(var until) => until, UpdateStep.Warn(var at) => at, _ => null },
        By = view.Life?.UpdateBy,
    };
}
