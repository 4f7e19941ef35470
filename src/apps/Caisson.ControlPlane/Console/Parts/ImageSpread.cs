namespace Caisson.ControlPlane.Console.Parts;

/// <summary>How many workspaces run which generation of one image, newest first.</summary>
public sealed record ImageSpread(string Image, IReadOnlyList<SpreadPart> Parts)
{
    public int Total => Parts.Sum(p => p.Pcs);

    /// <summary>Colours by where a generation stands to the one PCs are given.</summary>
    /// <param name="image">Name of the image.</param>
    /// <param name="given">The newest released generation, if any.</param>
    /// <param name="counts">Generation (null: none has run yet) and number of workspaces.</param>
    public static ImageSpread From(string image, int? given, IEnumerable<(int? Generation, int Pcs)> counts) => new(
        image,
        [
            .. counts.Where(c => c.Pcs > 0).OrderByDescending(c => c.Generation ?? -1).Select(c => c.Generation is { } number
                ? new SpreadPart(number, $"Generation {number}", Tone(number, given), c.Pcs, $"/pcs?image={Uri.EscapeDataString(image)}&generation={number}")
                : new SpreadPart(null, "Not started yet", "none", c.Pcs, $"/pcs?image={Uri.EscapeDataString(image)}&generation=0")),
        ]);

    private static string Tone(int number, int? given) => given switch
    {
        null => "ahead",
        { } g when number == g => "newest",
        { } g when number > g => "ahead",
        _ => "behind",
    };
}

/// <summary>One piece of an <see cref="ImageSpread"/>.</summary>
public sealed record SpreadPart(int? Generation, string Label, string Tone, int Pcs, string Href);
