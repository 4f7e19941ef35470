using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Protocol.Api;

/// <summary>One way to write and read the people API: camelCase, enums as words, null or nothing refused where a value belongs.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(EndpointIdConverter), typeof(WorkspaceIdConverter)])]
[JsonSerializable(typeof(ApiProblem))]
[JsonSerializable(typeof(ServerInfo))]
[JsonSerializable(typeof(Page<ImageInfo>))]
[JsonSerializable(typeof(CreateImageRequest))]
[JsonSerializable(typeof(Page<GenerationInfo>))]
[JsonSerializable(typeof(PublishGenerationRequest))]
[JsonSerializable(typeof(SetGenerationStateRequest))]
[JsonSerializable(typeof(GenerationComparison))]
[JsonSerializable(typeof(Page<GroupInfo>))]
[JsonSerializable(typeof(CreateGroupRequest))]
[JsonSerializable(typeof(SetGroupApplianceRequest))]
[JsonSerializable(typeof(Page<AssignmentInfo>))]
[JsonSerializable(typeof(CreateAssignmentRequest))]
[JsonSerializable(typeof(ChangeAssignmentRequest))]
[JsonSerializable(typeof(HoldAssignmentRequest))]
[JsonSerializable(typeof(RollbackPreview))]
[JsonSerializable(typeof(Page<EvidenceInfo>))]
[JsonSerializable(typeof(Page<EndpointInfo>))]
[JsonSerializable(typeof(ChangeEndpointRequest))]
[JsonSerializable(typeof(CreateOrderRequest))]
[JsonSerializable(typeof(Page<OrderInfo>))]
[JsonSerializable(typeof(DisplayOpened))]
[JsonSerializable(typeof(CreateEnrolmentTokenRequest))]
[JsonSerializable(typeof(EnrolmentTokenCreated))]
[JsonSerializable(typeof(Page<EnrolmentTokenInfo>))]
[JsonSerializable(typeof(Page<ActivityInfo>))]
[JsonSerializable(typeof(ImageSourceList))]
[JsonSerializable(typeof(CreateApiTokenRequest))]
[JsonSerializable(typeof(ApiTokenCreated))]
[JsonSerializable(typeof(Page<ApiTokenInfo>))]
public sealed partial class ApiJson : JsonSerializerContext;
