using System.Text.Json;
using System.Text.Json.Serialization;
using Caisson.Endpoint.Identity;
using Caisson.Endpoint.Orders;
using Caisson.Endpoint.Reconcile;
using Caisson.Endpoint.Reports;
using Caisson.Protocol;

namespace Caisson.Endpoint;

/// <summary>caissond's own files and its local page; the wire contracts are in <see cref="ProtocolJson"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(EndpointIdConverter), typeof(WorkspaceIdConverter)])]
[JsonSerializable(typeof(Enrolment))]
[JsonSerializable(typeof(SeenOrder[]))]
[JsonSerializable(typeof(WorkspaceRecord))]
[JsonSerializable(typeof(KeptEvidence))]
[JsonSerializable(typeof(LocalStatus))]
[JsonSerializable(typeof(Host.CachedAccelerator))]
[JsonSerializable(typeof(ServerProblem))]
internal sealed partial class EndpointJson : JsonSerializerContext;

/// <summary>The one member of a ProblemDetails (RFC 9457) a person is shown.</summary>
internal sealed record ServerProblem(string? Title, string? Detail);
