using System.Runtime.InteropServices;

namespace Caisson.Launcher.Screen;

/// <summary>A rectangle of pixels.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Area(int X, int Y, int Width, int Height)
{
    public bool IsEmpty => Width <= 0 || Height <= 0;

    public int Right => X + Width;

    public int Bottom => Y + Height;

    public Area Union(Area other)
    {
        if (IsEmpty || other.IsEmpty)
        {
            return IsEmpty ? other : this;
        }

        var (left, top) = (Math.Min(X, other.X), Math.Min(Y, other.Y));
        return new Area(left, top, Math.Max(Right, other.Right) - left, Math.Max(Bottom, other.Bottom) - top);
    }

    public Area Within(Area other)
    {
        var (left, top) = (Math.Max(X, other.X), Math.Max(Y, other.Y));
        return new Area(left, top, Math.Max(0, Math.Min(Right, other.Right) - left), Math.Max(0, Math.Min(Bottom, other.Bottom) - top));
    }
}

/// <summary>What a workspace shows: four bytes a pixel (blue, green, red, unused), row by row.</summary>
internal sealed class Picture(int width, int height)
{
    public int Width { get; } = width;

    public int Height { get; } = height;

    public Area Area => new(0, 0, Width, Height);

    public byte[] Bytes { get; } = new byte[4 * width * height];

    public ReadOnlySpan<uint> Pixels => MemoryMarshal.Cast<byte, uint>(Bytes);

    /// <summary>The bytes of one row's part.</summary>
    public Memory<byte> Row(int x, int y, int count) => Bytes.AsMemory(4 * ((y * Width) + x), 4 * count);
}
