using System.Runtime.InteropServices;

namespace Caisson.Launcher.Screen;

/// <summary>
/// Where a picture lies in the space it has: as large as it can be with its own proportions, in the middle; as it is where it fits exactly. All a
/// guest's pixels reach is <see cref="Space"/>.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Fit(Area Space, int Width, int Height)
{
    public Area Target
    {
        get
        {
            if (Width <= 0 || Height <= 0 || Space.IsEmpty)
            {
                return default;
            }

            var scale = Math.Min((double)Space.Width / Width, (double)Space.Height / Height);
            var (width, height) = (Math.Clamp((int)Math.Round(Width * scale), 1, Space.Width), Math.Clamp((int)Math.Round(Height * scale), 1, Space.Height));
            return new Area(Space.X + ((Space.Width - width) / 2), Space.Y + ((Space.Height - height) / 2), width, height);
        }
    }

    /// <summary>Copies a changed part of the picture to where it lies among the window's pixels.</summary>
    /// <returns>What changed of the window.</returns>
    public Area Copy(Picture picture, Area changed, Span<uint> window, int windowWidth)
    {
        var target = Target;
        var part = changed.Within(picture.Area);
        if (target.IsEmpty || part.IsEmpty)
        {
            return default;
        }

        if (target.Width == Width && target.Height == Height)
        {
            for (var y = part.Y; y < part.Bottom; y++)
            {
                picture.Pixels.Slice((y * Width) + part.X, part.Width).CopyTo(window[(((target.Y + y) * windowWidth) + target.X + part.X)..]);
            }

            return part with { X = target.X + part.X, Y = target.Y + part.Y };
        }

        return CopyScaled(picture, part, target, window, windowWidth);
    }

    /// <summary>The guest's pixel under a point of the window; the nearest one beside the picture.</summary>
    public (int X, int Y) ToPicture(double x, double y)
    {
        var target = Target;
        return target.IsEmpty ? (0, 0) : (Clamp((x - target.X) * Width / target.Width, Width), Clamp((y - target.Y) * Height / target.Height, Height));

        static int Clamp(double value, int size) => (int)Math.Clamp(Math.Floor(value), 0, size - 1);
    }

    private Area CopyScaled(Picture picture, Area part, Area target, Span<uint> window, int windowWidth)
    {
        // Every target pixel whose nearest source pixel lies in the part.
        var left = (int)((long)part.X * target.Width / Width);
        var top = (int)((long)part.Y * target.Height / Height);
        var right = Math.Min(target.Width, (int)(((long)part.Right * target.Width / Width) + 1));
        var bottom = Math.Min(target.Height, (int)(((long)part.Bottom * target.Height / Height) + 1));
        var pixels = picture.Pixels;
        for (var y = top; y < bottom; y++)
        {
            var from = pixels.Slice((int)((long)y * Height / target.Height) * Width, Width);
            var to = window.Slice(((target.Y + y) * windowWidth) + target.X, target.Width);
            for (var x = left; x < right; x++)
            {
                to[x] = from[(int)((long)x * Width / target.Width)];
            }
        }

        return new Area(target.X + left, target.Y + top, right - left, bottom - top);
    }
}
