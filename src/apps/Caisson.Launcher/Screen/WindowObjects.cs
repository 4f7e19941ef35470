using Caisson.Launcher.Wayland;

namespace Caisson.Launcher.Screen;

/// <summary>The compositor's objects of one window, made as it announces what they are made from; numbers of requests as the protocols' XML has them.</summary>
internal sealed class WindowObjects(WaylandConnection wayland, string applicationId, string title)
{
    public const int Opaque = 1; // XRGB8888
    public const int WithAlpha = 0; // ARGB8888
    public const int Destroy = 0;
    public const int DestroyPool = 1;
    public const int Attach = 1;
    public const int Frame = 3;
    public const int CommitSurface = 6;
    public const int DamageBuffer = 9;
    public const int AckConfigure = 4;
    public const int ToplevelConfigure = 0;

    private uint compositor;
    private uint memory;
    private uint shell;

    public uint Surface { get; private set; }

    public uint XdgSurface { get; private set; }

    public uint Toplevel { get; private set; }

    public WindowInputs Input { get; } = new(wayland);

    /// <summary>True: it was about these objects, and is dealt with.</summary>
    public bool Hear(WaylandEvent said)
    {
        if (said.Sender == WaylandConnection.Registry && said.Opcode == 0)
        {
            Announced(said.Word(0), said.Text(1), said.Word(said.Body.Length / 4 - 1));
            return true;
        }

        if (said.Sender == shell && shell != 0)
        {
            wayland.Send(shell, 3, said.Word(0)); // pong
            return true;
        }

        return said.Sender == WaylandConnection.Registry;
    }

    public uint NewSurface()
    {
        var surface = wayland.NewId();
        wayland.Send(compositor, 0, surface);
        return surface;
    }

    /// <summary>A buffer of the compositor's over pixels of ours.</summary>
    public (uint Pool, uint Buffer) Share(SharedPixels pixels, int format)
    {
        var pool = wayland.NewId();
        wayland.SendWithFile(memory, 0, pixels.Descriptor, pool, pixels.Bytes);
        var buffer = wayland.NewId();
        wayland.Send(pool, 0, buffer, 0, pixels.Width, pixels.Height, 4 * pixels.Width, format);
        return (pool, buffer);
    }

    private void Announced(uint name, string what, uint version)
    {
        switch (what)
        {
            case "wl_compositor":
                compositor = Bind(name, what, 4);
                break;
            case "wl_shm":
                memory = Bind(name, what, 1);
                break;
            case "xdg_wm_base":
                shell = Bind(name, what, 1);
                break;
            case "wl_seat":
                Input.Seat = Bind(name, what, Math.Min(version, 5));
                break;
            default:
                return;
        }

        if (Surface == 0 && compositor != 0 && memory != 0 && shell != 0)
        {
            MakeWindow();
        }
    }

    private uint Bind(uint name, string what, uint version)
    {
        var id = wayland.NewId();
        wayland.Send(WaylandConnection.Registry, 0, name, what, version, id);
        return id;
    }

    private void MakeWindow()
    {
        Surface = NewSurface();
        XdgSurface = wayland.NewId();
        wayland.Send(shell, 2, XdgSurface, Surface);
        Toplevel = wayland.NewId();
        wayland.Send(XdgSurface, 1, Toplevel);
        wayland.Send(Toplevel, 2, title);
        wayland.Send(Toplevel, 3, applicationId);
        wayland.Send(Surface, CommitSurface);
    }
}
