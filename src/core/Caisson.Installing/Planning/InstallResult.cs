using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Installing;

public enum InstallVerdict
{
    Installed,

    /// <summary>Nothing was written.</summary>
    Refused,

    /// <summary>Something was begun and did not end; running the installer again begins anew.</summary>
    Failed,
}

/// <summary><c>caisson/install-result.json</c> on the medium: what became of an unattended installation.</summary>
/// <param name="Reasons">Why not; sentences.</param>
public sealed record InstallResult(InstallVerdict Verdict, string? Disk, string? Serial, InstallMode? Mode, int Version, IReadOnlyList<string> Reasons, IReadOnlyList<string> Warnings, double Seconds)
{
    public string ToJson() => JsonSerializer.Serialize(this, ResultJson.Default.InstallResult) + "\n";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, Converters = [typeof(KebabEnums<InstallVerdict>), typeof(KebabEnums<InstallMode>)])]
[JsonSerializable(typeof(InstallResult))]
internal sealed partial class ResultJson : JsonSerializerContext;
