using System.Text.Json;
using System.Text.Json.Serialization;
using Caisson.Protocol;

namespace Caisson.Demo.Steps;

/// <summary>The PC's own status file (docs/reference/files.md), the part that is needed here. Personal's facts are in it and nowhere else.</summary>
internal sealed record EndpointStatus
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(), new EndpointIdConverter(), new WorkspaceIdConverter() },
    };

    public string Accelerator { get; init; } = "";

    public string AcceleratorReason { get; init; } = "";

    public IReadOnlyList<Workspace> Workspaces { get; init; } = [];

    public Workspace? Find(string id) => Workspaces.FirstOrDefault(w => string.Equals(w.Id.Value, id, StringComparison.Ordinal));

    /// <summary>Null until caissond has written it.</summary>
    public static EndpointStatus? Read(string endpointFolder)
    {
        try
        {
            return JsonSerializer.Deserialize<EndpointStatus>(File.ReadAllBytes(Path.Combine(endpointFolder, "status.json")), Json);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>One workspace as the PC sees it.</summary>
    public sealed record Workspace
    {
        public WorkspaceId Id { get; init; }

        public WorkspaceState State { get; init; }

        public int? RunningGeneration { get; init; }

        public int? PreparedGeneration { get; init; }

        public long PresentBytes { get; init; }

        public long ImageBytes { get; init; }

        public bool OfflineReady { get; init; }

        public DateTimeOffset? StartedAt { get; init; }

        public DateTimeOffset? FirstHeartbeatAt { get; init; }

        public DateTimeOffset? LastHeartbeatAt { get; init; }

        public Guid? BootId { get; init; }

        public IReadOnlyDictionary<string, string> GuestFacts { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

        public string? Problem { get; init; }

        public string Fact(string name) => GuestFacts.GetValueOrDefault(name, "");
    }
}
