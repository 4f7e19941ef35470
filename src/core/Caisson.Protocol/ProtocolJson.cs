using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Protocol;

/// <summary>One way to write and read the contracts: camelCase, enums as words, unknown members ignored on the wire, null or nothing refused where a value belongs.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(EndpointIdConverter), typeof(WorkspaceIdConverter)])]
[JsonSerializable(typeof(DesiredState))]
[JsonSerializable(typeof(EndpointReport))]
[JsonSerializable(typeof(EnrolmentToken))]
[JsonSerializable(typeof(AuthorityList))]
[JsonSerializable(typeof(EnrolmentRequest))]
[JsonSerializable(typeof(EnrolmentResponse))]
[JsonSerializable(typeof(RenewalNonceRequest))]
[JsonSerializable(typeof(RenewalNonce))]
[JsonSerializable(typeof(RenewalRequest))]
[JsonSerializable(typeof(RenewalResponse))]
public sealed partial class ProtocolJson : JsonSerializerContext;

/// <summary>Identifiers travel as plain strings.</summary>
public sealed class EndpointIdConverter : JsonConverter<EndpointId>
{
    public override EndpointId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, EndpointId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}

/// <inheritdoc cref="EndpointIdConverter"/>
public sealed class WorkspaceIdConverter : JsonConverter<WorkspaceId>
{
    public override WorkspaceId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetString() ?? "");

    public override void Write(Utf8JsonWriter writer, WorkspaceId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}
