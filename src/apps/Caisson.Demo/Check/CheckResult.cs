using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Demo.Check;

/// <summary>What <c>./dev up --check</c> prints: one JSON object, and nothing else, on standard output.</summary>
internal sealed record CheckResult
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    public bool Ok => Checks.Count > 0 && Checks.Values.All(held => held);

    /// <summary>The disk of Work's generation 1, holes included.</summary>
    public long ImageBytes { get; set; }

    /// <summary>Generation 1 as the store keeps it: what a PC without any image would fetch.</summary>
    public long StoredBytes { get; set; }

    public double SecondsToHeartbeat { get; set; }

    /// <summary>Bytes of Work's generation 1 that had left the server at its first heartbeat.</summary>
    public long BytesAtHeartbeat { get; set; }

    public long Gen2StoredBytes { get; set; }

    public long Gen2DeltaBytes { get; set; }

    /// <summary>Everything the PC fetched of Work from the release of generation 2 until it was prepared: manifests, index, delta, packs.</summary>
    public long Gen2WireBytes { get; set; }

    /// <summary>"kvm" or "tcg".</summary>
    public string Accelerator { get; set; } = "";

    public string Evidence { get; set; } = "";

    /// <summary>Why the run ended early, if it did.</summary>
    public string? Problem { get; set; }

    public Dictionary<string, bool> Checks { get; } = new(StringComparer.Ordinal);

    public string ToJson() => JsonSerializer.Serialize(this, Json);
}
