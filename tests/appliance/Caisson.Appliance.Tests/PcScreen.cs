using System.Globalization;
using System.Text;

namespace Caisson.Appliance.Tests;

/// <summary>What the PC's screen showed.</summary>
internal sealed class PcScreen(int width, int height, byte[] rgb)
{
    public uint TopLeft => At(0);

    /// <summary>How much of the screen has a colour, 0 to 1.</summary>
    public double Share(uint colour) => Enumerable.Range(0, width * height).Count(i => At(i) == colour) / (double)(width * height);

    public static PcScreen FromPpm(byte[] bytes)
    {
        var words = Encoding.ASCII.GetString(bytes, 0, Math.Min(64, bytes.Length)).Split(['\n', ' '], 5);
        var (width, height) = (int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture));
        return new PcScreen(width, height, bytes[^(3 * width * height)..]);
    }

    private uint At(int pixel) => ((uint)rgb[3 * pixel] << 16) | ((uint)rgb[(3 * pixel) + 1] << 8) | rgb[(3 * pixel) + 2];
}
