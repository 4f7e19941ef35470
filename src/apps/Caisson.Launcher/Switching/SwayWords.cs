namespace Caisson.Launcher.Switching;

/// <summary>What is said to sway, and what its bindings say to us: <c>nop caisson next</c>, <c>previous</c>, or a number (sway.conf).</summary>
internal static class SwayWords
{
    private const string Ours = "nop caisson ";

    /// <summary>From then on the place's window appears there and nowhere else, whatever is on the screen then.</summary>
    public static string Assign(Place place) => $"assign [app_id=\"^{place.Name.Replace(".", "\\.", StringComparison.Ordinal)}$\"] workspace \"{place.Name}\"";

    public static string Show(Place place) => $"workspace \"{place.Name}\"";

    /// <summary>Where a binding leads; null: it is none of ours, or leads nowhere.</summary>
    public static Place? Target(string command, IReadOnlyList<Place> open, Place now) => !command.StartsWith(Ours, StringComparison.Ordinal) ? null : command[Ours.Length..].Trim() switch
    {
        "next" => Round.Next(open, now, 1),
        "previous" => Round.Next(open, now, -1),
        var number when int.TryParse(number, System.Globalization.CultureInfo.InvariantCulture, out var n) => Round.Numbered(open, n),
        _ => null,
    };
}
