namespace Caisson.Launcher.Screen;

/// <summary>
/// The line around a workspace that says whose it is: by colour (the console's, tokens.css) and, for who does not tell them apart, by pattern.
/// It is painted by us around what the guest paints, into the same buffer: picture and edge cannot be seen with another's.
/// </summary>
internal sealed record Edge(uint Colour, uint Light, EdgePattern Pattern)
{
    /// <summary>Pixels, all around.</summary>
    public const int Width = 8;

    private const int Stripe = 24;

    public static Edge Managed { get; } = new(0x0a6770, 0x62cbd3, EdgePattern.Plain);

    public static Edge Personal { get; } = new(0x6243b5, 0xbda9ff, EdgePattern.Striped);

    public static Edge Disposable { get; } = new(0x97430b, 0xf5aa75, EdgePattern.Dashed);

    /// <summary>An unknown kind gets none of the known ones' looks.</summary>
    public static Edge Of(string kind) => kind.ToUpperInvariant() switch
    {
        "MANAGED" => Managed,
        "PERSONAL" => Personal,
        "DISPOSABLE" => Disposable,
        _ => new Edge(0x5f6b72, 0xc6cdd1, EdgePattern.Dashed),
    };

    /// <summary>What is left for the guest.</summary>
    public static Area Inside(int width, int height) => new(Width, Width, Math.Max(0, width - (2 * Width)), Math.Max(0, height - (2 * Width)));

    /// <summary>Paints the edge, and black where the guest will be.</summary>
    public void Paint(Span<uint> window, int width, int height)
    {
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var depth = Math.Min(Math.Min(x, width - 1 - x), Math.Min(y, height - 1 - y));
                window[(y * width) + x] = depth >= Width ? 0 : At(x, y, depth);
            }
        }
    }

    /// <summary>A lighter line next to the guest keeps the edge visible on a dark picture.</summary>
    private uint At(int x, int y, int depth) => depth == Width - 1 ? Light : Pattern switch
    {
        EdgePattern.Striped => (x + y) / (Stripe / 2) % 2 == 0 ? Colour : Light,
        EdgePattern.Dashed => (x + y) / Stripe % 2 == 0 ? Colour : 0,
        _ => Colour,
    };
}

internal enum EdgePattern
{
    Plain,
    Striped,
    Dashed,
}
