using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace Caisson.Machines;

/// <summary>
/// One heartbeat line as the guest sent it: <c>{"caisson":1,"type":"heartbeat","bootId":UUID,"uptimeSeconds":N,"facts":{…}}</c>.
/// The guest is hostile: whatever is out of bounds is dropped, and nothing here is acted on.
/// </summary>
internal sealed record GuestMessage(Guid BootId, ImmutableSortedDictionary<string, string> Facts)
{
    public const int LongestLine = 4096;
    private const int MostFacts = 32;
    private const int LongestName = 40;
    private const int LongestValue = 256;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4 };

    public static GuestMessage? Parse(ReadOnlyMemory<byte> line)
    {
        if (line.Length > LongestLine)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(line, Strict);
            var root = document.RootElement;
            return root.ValueKind is JsonValueKind.Object
                && root.TryGetProperty("caisson", out var version) && version.ValueKind is JsonValueKind.Number && version.TryGetInt32(out var number) && number == 1
                && root.TryGetProperty("type", out var type) && type.ValueKind is JsonValueKind.String && type.ValueEquals("heartbeat")
                && root.TryGetProperty("bootId", out var bootId) && bootId.ValueKind is JsonValueKind.String && Guid.TryParse(bootId.GetString(), out var id)
                ? new GuestMessage(id, ReadFacts(root))
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            // Broken JSON, or a string that is no Unicode text.
            return null;
        }
    }

    private static ImmutableSortedDictionary<string, string> ReadFacts(JsonElement root)
    {
        var facts = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (root.TryGetProperty("facts", out var claimed) && claimed.ValueKind is JsonValueKind.Object)
        {
            foreach (var fact in claimed.EnumerateObject())
            {
                if (facts.Count < MostFacts && IsName(fact.Name) && fact.Value.ValueKind is JsonValueKind.String
                    && fact.Value.GetString() is { Length: <= LongestValue } value && !value.Any(char.IsControl))
                {
                    facts[fact.Name] = value;
                }
            }
        }

        return facts.ToImmutable();
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= LongestName && name.All(c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '_' or '-');
}
