using System.Globalization;

namespace Caisson.Endpoint.Host;

/// <summary>What the start page shows of the PC itself, as the kernel's files say it (below <c>/sys</c>; a test has a folder of its own).</summary>
internal sealed record PcFacts
{
    /// <summary>"wired", "wireless" or "none": by what is connected, not by whether it leads anywhere.</summary>
    public required string Network { get; init; }

    /// <summary>0 to 100, of all batteries together; absent on a PC without one.</summary>
    public int? BatteryPercent { get; init; }

    public bool Charging { get; init; }

    /// <summary>"off" or "restart" while the workspaces close before it; absent otherwise.</summary>
    public string? Closing { get; init; }

    public static PcFacts Read(string sys = "/sys")
    {
        var batteries = Folders(sys, "class/power_supply").Where(f => Line(f, "type") == "Battery" && Line(f, "scope") != "Device").ToList();
        var charges = batteries.Select(f => int.TryParse(Line(f, "capacity"), CultureInfo.InvariantCulture, out var percent) ? Math.Clamp(percent, 0, 100) : (int?)null).OfType<int>().ToList();
        return new PcFacts
        {
            Network = NetworkOf(sys),
            BatteryPercent = charges.Count == 0 ? null : (int)charges.Average(),
            Charging = batteries.Any(f => Line(f, "status") is "Charging" or "Full"),
        };
    }

    private static string NetworkOf(string sys)
    {
        // A card has a device; bridges, tunnels and the like have none.
        var up = Folders(sys, "class/net").Where(f => Path.Exists(Path.Combine(f, "device")) && Line(f, "operstate") == "up").ToList();
        return up.Count == 0 ? "none" : up.All(f => Directory.Exists(Path.Combine(f, "wireless"))) ? "wireless" : "wired";
    }

    private static string[] Folders(string sys, string below)
    {
        var folder = Path.Combine(sys, below);
        return Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];
    }

    private static string Line(string folder, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, name)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // A card that is down has no carrier to read; a battery may be taken out meanwhile.
        }
    }
}
