using System.Globalization;
using System.Text.Json;

namespace Caisson.Bench;

/// <summary>What one boot cost: from caissond's status file and the server's access log, which counts every byte that left.</summary>
internal static class BootFigures
{
    /// <returns>False: there is no heartbeat yet.</returns>
    public static bool TryPrint(string name, string status, string accessLog)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(status));
        var workspace = document.RootElement.GetProperty("workspaces").EnumerateArray().FirstOrDefault();
        if (workspace.ValueKind != JsonValueKind.Object || !TryTime(workspace, "firstHeartbeatAt", out var heartbeat) || !TryTime(workspace, "startedAt", out var started))
        {
            return false;
        }

        Say($"{name}.seconds", (heartbeat - started).TotalSeconds);
        Say($"{name}.bytes", BytesUntil(accessLog, heartbeat));
        return true;
    }

    private static void Say(string name, double value) => Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}\t{value:0.##}"));

    private static bool TryTime(JsonElement element, string name, out DateTimeOffset time)
    {
        time = default;
        return element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out time);
    }

    private static long BytesUntil(string accessLog, DateTimeOffset end)
    {
        using var reader = new StreamReader(new FileStream(accessLog, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        var sum = 0L;
        while (reader.ReadLine()?.TrimStart('\0') is { } line) // The log was emptied under the server, which writes on where it was.
        {
            if (!line.EndsWith('}'))
            {
                break; // Half written.
            }

            using var entry = JsonDocument.Parse(line);
            var root = entry.RootElement;
            if (root.GetProperty("listener").GetString() == "endpoint" && root.GetProperty("path").GetString()!.StartsWith("/v2/", StringComparison.Ordinal)
                && root.GetProperty("time").GetDateTimeOffset() <= end)
            {
                sum += root.GetProperty("bytes").GetInt64();
            }
        }

        return sum;
    }
}
