using System.Buffers;
using System.Text.Json;

namespace Caisson.GuestTools;

/// <summary>
/// One line of the guest's protocol: a JSON object and a newline, never above <see cref="MaximumBytes"/>.
/// The host drops what is longer, so facts that do not fit are left out here, the last by name first.
/// </summary>
internal static class Heartbeat
{
    public const int MaximumBytes = 4096;

    public static byte[] Encode(string bootId, double uptimeSeconds, IReadOnlyList<KeyValuePair<string, string>> facts)
    {
        for (var count = facts.Count; ; count--)
        {
            var line = Write(bootId, uptimeSeconds, facts.Take(count));
            if (line.Length <= MaximumBytes || count == 0)
            {
                return line;
            }
        }
    }

    private static byte[] Write(string bootId, double uptimeSeconds, IEnumerable<KeyValuePair<string, string>> facts)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("caisson", 1);
            json.WriteString("type", "heartbeat");
            json.WriteString("bootId", bootId);
            json.WriteNumber("uptimeSeconds", Math.Round(uptimeSeconds, 2));
            json.WriteStartObject("facts");
            foreach (var (name, value) in facts)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
