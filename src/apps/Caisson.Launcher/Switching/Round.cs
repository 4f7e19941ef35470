namespace Caisson.Launcher.Switching;

/// <summary>What the chord does: start page, the workspaces that are up in the order of their tiles, and the start page again.</summary>
internal static class Round
{
    /// <param name="open">Workspaces that are up, in the order of the tiles.</param>
    /// <param name="now">Where the person is; anywhere unknown counts as the start page.</param>
    /// <param name="step">1 is forth, -1 is back.</param>
    public static Place Next(IReadOnlyList<Place> open, Place now, int step)
    {
        Place[] all = [Place.Start, .. open];
        var index = Math.Max(0, Array.IndexOf(all, now));
        return all[(index + step + all.Length) % all.Length];
    }

    /// <summary>The place of a number key: 1 is the start page, then the workspaces; null where there is none.</summary>
    public static Place? Numbered(IReadOnlyList<Place> open, int number) => number == 1 ? Place.Start : number >= 2 && number - 2 < open.Count ? open[number - 2] : null;
}
