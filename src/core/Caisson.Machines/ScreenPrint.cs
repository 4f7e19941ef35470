using System.Globalization;
using System.Text;

namespace Caisson.Machines;

/// <summary>
/// A screen at one moment, small enough to keep: a hash of each square of 32 × 32 pixels. Only good for saying where two moments of one
/// process differ.
/// </summary>
public sealed class ScreenPrint
{
    private const int Square = 32;
    private const int BytesPerPixel = 3;

    private readonly int[] _squares;

    private ScreenPrint(int width, int height, int[] squares) => (Width, Height, _squares) = (width, height, squares);

    public int Width { get; }

    public int Height { get; }

    private int Columns => (Width + Square - 1) / Square;

    /// <summary>The smallest rectangle of whole squares that holds every difference; null when there is none, or when the sizes differ.</summary>
    public (int Width, int Height)? ChangeSince(ScreenPrint before)
    {
        if (before.Width != Width || before.Height != Height)
        {
            return null;
        }

        var (left, top, right, bottom) = (int.MaxValue, int.MaxValue, -1, -1);
        for (var i = 0; i < _squares.Length; i++)
        {
            if (_squares[i] != before._squares[i])
            {
                var (x, y) = (i % Columns, i / Columns);
                (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x), Math.Max(bottom, y));
            }
        }

        return right < 0 ? null : ((right - left + 1) * Square, (bottom - top + 1) * Square);
    }

    /// <summary>Reads a binary PPM (netpbm's ppm(5): "P6", width, height, 255, then three bytes a pixel), as QEMU's screendump writes it.</summary>
    /// <returns>Null for anything else: the guest chooses what its screen is.</returns>
    public static ScreenPrint? FromPpm(ReadOnlySpan<byte> ppm)
    {
        var at = 0;
        if (!Word(ppm, ref at).SequenceEqual("P6"u8) || !TryNumber(ppm, ref at, out var width) || !TryNumber(ppm, ref at, out var height)
            || !TryNumber(ppm, ref at, out var deepest) || deepest != 255 || (long)width * height * BytesPerPixel != ppm.Length - at)
        {
            return null;
        }

        return new ScreenPrint(width, height, Squares(ppm[at..], width, height));
    }

    private static int[] Squares(ReadOnlySpan<byte> pixels, int width, int height)
    {
        var columns = (width + Square - 1) / Square;
        var squares = new int[columns * ((height + Square - 1) / Square)];
        for (var i = 0; i < squares.Length; i++)
        {
            var (left, top) = (i % columns * Square, i / columns * Square);
            var (wide, high) = (Math.Min(Square, width - left), Math.Min(Square, height - top));
            var hash = new HashCode();
            for (var y = top; y < top + high; y++)
            {
                hash.AddBytes(pixels.Slice(((y * width) + left) * BytesPerPixel, wide * BytesPerPixel));
            }

            squares[i] = hash.ToHashCode();
        }

        return squares;
    }

    /// <summary>Up to the one white space after the word.</summary>
    private static ReadOnlySpan<byte> Word(ReadOnlySpan<byte> text, ref int at)
    {
        var end = text[at..].IndexOfAny((byte)' ', (byte)'\n');
        if (end < 0)
        {
            return [];
        }

        var word = text.Slice(at, end);
        at += end + 1;
        return word;
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, ref int at, out int number) =>
        int.TryParse(Encoding.ASCII.GetString(Word(text, ref at)), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and <= 16384;
}
