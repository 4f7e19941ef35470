using System.Globalization;
using System.Text.RegularExpressions;
using Caisson.Launcher.Screen;
using Caisson.Testing;
using CsCheck;

namespace Caisson.Launcher.Tests;

public sealed partial class EdgeTests
{
    private const uint Guest = 0xffabcdef;

    private static readonly Gen<(int Width, int Height)> Sizes = Gen.Select(Gen.Int[1, 90], Gen.Int[1, 70]);

    [Fact]
    public void Whatever_a_guest_paints_the_edge_is_as_it_was() =>
        Gen.Select(Sizes, Sizes, Gen.Select(Gen.Int[-9, 99], Gen.Int[-9, 99], Gen.Int[0, 99], Gen.Int[0, 99])).Sample((window, guest, change) =>
        {
            var pixels = new uint[window.Width * window.Height];
            Edge.Personal.Paint(pixels, window.Width, window.Height);
            var before = pixels.ToArray();
            var inside = Edge.Inside(window.Width, window.Height);
            new Fit(inside, guest.Width, guest.Height).Copy(Full(guest), new Area(change.Item1, change.Item2, change.Item3, change.Item4), pixels, window.Width);
            for (var i = 0; i < pixels.Length; i++)
            {
                var (y, x) = Math.DivRem(i, window.Width);
                var isInside = x >= inside.X && x < inside.Right && y >= inside.Y && y < inside.Bottom;
                Assert.True(isInside || pixels[i] == before[i], $"{x},{y} changed");
            }
        });

    [Fact]
    public void A_picture_that_fits_is_shown_pixel_by_pixel()
    {
        var window = new uint[100 * 60];
        var inside = Edge.Inside(100, 60);
        var picture = new Picture(inside.Width, inside.Height);
        Random.Shared.NextBytes(picture.Bytes);
        Assert.Equal(inside, new Fit(inside, inside.Width, inside.Height).Copy(picture, picture.Area, window, 100));
        for (var y = 0; y < inside.Height; y++)
        {
            Assert.True(picture.Pixels.Slice(y * inside.Width, inside.Width).SequenceEqual(window.AsSpan(((inside.Y + y) * 100) + inside.X, inside.Width)));
        }
    }

    [Fact]
    public void Parts_of_a_scaled_picture_make_the_same_as_the_whole() =>
        Gen.Select(Sizes, Gen.Select(Gen.Int[1, 60], Gen.Int[1, 50]), Gen.Int[1, 59]).Sample((guest, space, cut) =>
        {
            var fit = new Fit(new Area(3, 4, space.Item1, space.Item2), guest.Width, guest.Height);
            var picture = new Picture(guest.Width, guest.Height);
            new Random(1).NextBytes(picture.Bytes);
            var (whole, parts) = (new uint[80 * 70], new uint[80 * 70]);
            fit.Copy(picture, picture.Area, whole, 80);
            var at = Math.Min(cut, guest.Width);
            fit.Copy(picture, new Area(0, 0, at, guest.Height), parts, 80);
            fit.Copy(picture, new Area(at, 0, guest.Width - at, guest.Height), parts, 80);
            Assert.Equal(whole, parts);
        });

    [Fact]
    public void A_point_of_the_window_is_always_a_pixel_of_the_guest() =>
        Gen.Select(Sizes, Sizes, Gen.Double[-50, 150], Gen.Double[-50, 150]).Sample((guest, space, x, y) =>
        {
            var (px, py) = new Fit(new Area(8, 8, space.Width, space.Height), guest.Width, guest.Height).ToPicture(x, y);
            Assert.InRange(px, 0, guest.Width - 1);
            Assert.InRange(py, 0, guest.Height - 1);
        });

    [Fact]
    public void The_edges_have_the_consoles_colours()
    {
        var tokens = File.ReadAllText(Path.Combine(Checkout.Root, "src/apps/Caisson.ControlPlane/wwwroot/css/tokens.css"));
        foreach (var (name, edge) in (IEnumerable<(string, Edge)>)[("managed", Edge.Managed), ("personal", Edge.Personal), ("disposable", Edge.Disposable)])
        {
            uint[] colours = [.. Token().Matches(tokens).Where(m => m.Groups["name"].Value == name).Select(m => uint.Parse(m.Groups["value"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            Assert.Equal([edge.Colour, edge.Light], colours);
        }
    }

    [Fact]
    public void No_two_kinds_look_alike_to_who_sees_no_colours() =>
        Assert.Equal(3, new[] { Edge.Of("Managed"), Edge.Of("Personal"), Edge.Of("Disposable") }.Select(e => e.Pattern).Distinct().Count());

    private static Picture Full((int Width, int Height) size)
    {
        var picture = new Picture(size.Width, size.Height);
        for (var i = 0; i < picture.Bytes.Length; i += 4)
        {
            BitConverter.TryWriteBytes(picture.Bytes.AsSpan(i), Guest);
        }

        return picture;
    }

    [GeneratedRegex(@"--(?<name>managed|personal|disposable): #(?<value>[0-9a-f]{6});", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Token();
}
