using System.Text;
using CsCheck;

namespace Caisson.Machines.Tests;

public sealed class ScreenPrintTests
{
    [Fact]
    public void The_same_screen_has_not_changed() => Assert.Null(Print(640, 480).ChangeSince(Print(640, 480)));

    [Theory]
    [InlineData(8, 16, 32)]
    [InlineData(100, 100, 128)]
    public void A_cursor_or_a_small_spinner_is_a_small_change(int width, int height, int most)
    {
        var change = Print(1280, 800, (96, 96, width, height)).ChangeSince(Print(1280, 800))!.Value;
        Assert.True(change.Width <= most && change.Height <= most);
    }

    [Fact]
    public void A_window_that_opens_is_a_large_one() =>
        Assert.Equal((448, 320), Print(1280, 800, (100, 100, 420, 300)).ChangeSince(Print(1280, 800)));

    [Fact]
    public void Another_resolution_is_no_change_of_the_picture() => Assert.Null(Print(1280, 800).ChangeSince(Print(720, 400)));

    [Fact]
    public void A_picture_that_is_none_is_refused_whatever_it_says()
    {
        Assert.Null(ScreenPrint.FromPpm("P6\n4 4\n255\n"u8));
        Assert.Null(ScreenPrint.FromPpm("P6\n99999 99999\n255\n"u8));
        Assert.Null(ScreenPrint.FromPpm("P5\n1 1\n255\nabc"u8));
        Gen.Byte.Array[0, 200].Sample(bytes => Assert.Null(ScreenPrint.FromPpm(bytes)));
    }

    private static ScreenPrint Print(int width, int height, (int Left, int Top, int Width, int Height)? drawn = null)
    {
        var head = Encoding.ASCII.GetBytes($"P6\n{width} {height}\n255\n");
        var ppm = new byte[head.Length + (width * height * 3)];
        head.CopyTo(ppm, 0);
        if (drawn is { } box)
        {
            for (var y = box.Top; y < box.Top + box.Height; y++)
            {
                ppm.AsSpan(head.Length + (((y * width) + box.Left) * 3), box.Width * 3).Fill(200);
            }
        }

        return ScreenPrint.FromPpm(ppm)!;
    }
}
