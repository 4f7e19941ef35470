using System.Text.Json;

namespace Caisson.Qmp;

/// <summary>How a save or load of a machine's memory stands.</summary>
/// <param name="Status">QEMU's word, for example "active", "completed", "failed"; "none" when there was none.</param>
/// <param name="Error">Why it failed, as far as QEMU says.</param>
public sealed record MigrationProgress(string Status, string? Error)
{
    public bool IsComplete => Status == "completed";

    /// <summary>Neither done nor given up.</summary>
    public bool IsUnderWay => Status is not ("none" or "completed" or "failed" or "cancelled");

    internal static MigrationProgress From(JsonElement answer) => new(Text(answer, "status") ?? "none", Text(answer, "error-desc"));

    private static string? Text(JsonElement answer, string member) =>
        answer.ValueKind is JsonValueKind.Object && answer.TryGetProperty(member, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;
}
