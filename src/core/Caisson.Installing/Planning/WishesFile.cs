using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Installing;

public enum InstallEnd
{
    PowerOff,
    Restart,
}

/// <summary><c>caisson/install.json</c> on the medium: what a person would otherwise be asked. docs/reference/install-json.md describes it.</summary>
/// <param name="Token">For enrolment; null takes <c>caisson/token</c> on the medium, or none.</param>
/// <param name="Network">A NetworkManager connection on the medium, below its root; null is none.</param>
public sealed record WishesFile(Wishes Wishes, string? Token, string? Network, InstallEnd End)
{
    private const int MostBytes = 64 * 1024;

    /// <summary>The wishes, or one sentence on what the file should be.</summary>
    public static (WishesFile? File, Refusal? Refusal) Parse(string json)
    {
        if (json.Length > MostBytes)
        {
            return Wrong("it is longer than any such file");
        }

        try
        {
            return JsonSerializer.Deserialize(json, WishesJson.Default.InstallFile) is { } file ? Of(file) : Wrong("it says nothing");
        }
        catch (JsonException e)
        {
            return Wrong(e.Message);
        }
    }

    private static (WishesFile?, Refusal?) Of(InstallFile file)
    {
        if (file.Mode is not { } mode)
        {
            return Wrong("\"mode\" is missing: \"erase\" or \"beside\"");
        }

        if (Choice(file.Disk) is not { } choice)
        {
            return Wrong("\"disk\" takes exactly one of \"serial\", \"path\", \"largest_empty\": true, or \"least_bytes\" with \"most_bytes\"");
        }

        if (file.Network is { } network && (network.Contains("..", StringComparison.Ordinal) || network.StartsWith('/') || !network.EndsWith(".nmconnection", StringComparison.Ordinal)))
        {
            return Wrong("\"network\" is the path of a .nmconnection file on the medium, for example \"caisson/office.nmconnection\"");
        }

        var wishes = new Wishes { Disk = choice, Mode = mode, Despite = file.Despite ?? [] };
        return (new WishesFile(wishes, string.IsNullOrWhiteSpace(file.Token) ? null : file.Token.Trim(), file.Network, file.End ?? InstallEnd.PowerOff), null);
    }

    private static DiskChoice? Choice(InstallFileDisk? disk) => disk switch
    {
        { Serial: { } serial, Path: null, LargestEmpty: null, LeastBytes: null, MostBytes: null } => new DiskChoice.BySerial(serial),
        { Serial: null, Path: { } path, LargestEmpty: null, LeastBytes: null, MostBytes: null } => new DiskChoice.ByPath(path),
        { Serial: null, Path: null, LargestEmpty: true, LeastBytes: null, MostBytes: null } => new DiskChoice.LargestEmpty(),
        { Serial: null, Path: null, LargestEmpty: null, LeastBytes: { } least, MostBytes: { } most } when least <= most => new DiskChoice.BySize(least, most),
        _ => null,
    };

    private static (WishesFile?, Refusal?) Wrong(string why) => (null, new("I-130", $"caisson/install.json on the medium cannot be followed: {why}."));
}

internal sealed record InstallFile(InstallFileDisk? Disk, InstallMode? Mode, IReadOnlyList<string>? Despite, string? Token, string? Network, InstallEnd? End);

internal sealed record InstallFileDisk(string? Serial, string? Path, bool? LargestEmpty, long? LeastBytes, long? MostBytes);

internal sealed class KebabEnums<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(KebabEnums<InstallMode>), typeof(KebabEnums<InstallEnd>)])]
[JsonSerializable(typeof(InstallFile))]
internal sealed partial class WishesJson : JsonSerializerContext;
