using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Slots;

/// <summary>
/// What a PC keeps about versions of its appliance, on the data partition: written by root alone, read by caissond. It is a file: whoever can
/// write the data partition can lower the floor.
/// </summary>
public sealed record ApplianceState
{
    /// <summary>The version that wrote this.</summary>
    public int Running { get; init; }

    /// <summary>What runs is not found good yet.</summary>
    public bool OnTrial { get; init; }

    /// <inheritdoc cref="UpdateFacts.Floor"/>
    public int Floor { get; init; }

    /// <summary>Newest last; the oldest are forgotten beyond a few.</summary>
    public IReadOnlyList<RefusedVersion> Refused { get => field ?? []; init; }

    /// <summary>The version that is tried at the next restart.</summary>
    public int? Waiting { get; init; }

    /// <summary>The offer that was looked at last, by manifest digest, and why it was not taken; null: it was.</summary>
    public string? Offer { get; init; }

    public string? Problem { get; init; }

    private const int MostRefused = 16;

    public ApplianceState With(RefusedVersion refused) => this with { Refused = [.. Refused.Where(r => r.Version != refused.Version).TakeLast(MostRefused - 1), refused] };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ApplianceJson.Default.ApplianceState);

    /// <exception cref="JsonException">Damaged.</exception>
    public static ApplianceState Parse(byte[] json) => JsonSerializer.Deserialize(json, ApplianceJson.Default.ApplianceState) ?? throw new JsonException("It is empty.");
}

/// <summary>What caissond asks to be written: an image on its shelf, whole.</summary>
public sealed record ApplianceOffer(string Image, int Number, string ManifestDigest)
{
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, ApplianceJson.Default.ApplianceOffer);

    /// <exception cref="JsonException">Damaged.</exception>
    public static ApplianceOffer Parse(byte[] json) => JsonSerializer.Deserialize(json, ApplianceJson.Default.ApplianceOffer) ?? throw new JsonException("It is empty.");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ApplianceState))]
[JsonSerializable(typeof(ApplianceOffer))]
internal sealed partial class ApplianceJson : JsonSerializerContext;
