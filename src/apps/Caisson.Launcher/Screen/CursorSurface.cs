using Caisson.Launcher.Wayland;

namespace Caisson.Launcher.Screen;

/// <summary>The guest's cursor, shown by the compositor over the picture.</summary>
internal sealed class CursorSurface(WaylandConnection wayland, WindowObjects objects) : IDisposable
{
    private readonly uint surface = objects.NewSurface();
    private SharedPixels? pixels;
    private CursorPicture? shape;
    private uint buffer;

    /// <summary>The pointer above the window, and the number of its coming.</summary>
    public (uint Id, uint Serial) Pointer
    {
        get;
        set
        {
            field = value;
            Place();
        }
    }

    public void Take(CursorPicture next)
    {
        shape = next;
        var before = buffer;
        pixels?.Dispose(); // The compositor has its own hold on the memory.
        (pixels, buffer) = (null, 0);
        if (next.Pixels is { Width: > 0, Height: > 0 } picture)
        {
            pixels = new SharedPixels(picture.Width, picture.Height);
            picture.Pixels.CopyTo(pixels.Pixels);
            (var pool, buffer) = objects.Share(pixels, WindowObjects.WithAlpha);
            wayland.Send(pool, WindowObjects.DestroyPool);
            wayland.Send(surface, WindowObjects.Attach, buffer, 0, 0);
            wayland.Send(surface, WindowObjects.DamageBuffer, 0, 0, picture.Width, picture.Height);
            wayland.Send(surface, WindowObjects.CommitSurface);
        }

        Place();
        if (before != 0)
        {
            wayland.Send(before, WindowObjects.Destroy);
        }
    }

    public void Dispose() => pixels?.Dispose();

    private void Place()
    {
        if (Pointer.Id != 0)
        {
            wayland.Send(Pointer.Id, 0, Pointer.Serial, pixels is null ? 0 : surface, shape?.X ?? 0, shape?.Y ?? 0);
        }
    }
}
