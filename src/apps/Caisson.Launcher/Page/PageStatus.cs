using System.Text.Json;
using System.Text.Json.Serialization;

namespace Caisson.Launcher.Page;

/// <summary>What the switcher takes from caissond's status.</summary>
internal sealed record PageStatus(IReadOnlyList<PageWorkspace> Workspaces)
{
    public static PageStatus? Parse(string json) => JsonSerializer.Deserialize(json, PageJson.Default.PageStatus);
}

/// <param name="Kind">Managed, Personal or Disposable.</param>
/// <param name="State">As the start page's; anything but Stopped and Failed has a screen, or will.</param>
internal sealed record PageWorkspace(string Id, string Name, string Kind, string State)
{
    public bool IsUp => State is not ("Stopped" or "Failed");
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(PageStatus))]
internal sealed partial class PageJson : JsonSerializerContext;
