using Caisson.Launcher.Wayland;

namespace Caisson.Launcher.Screen;

/// <summary>
/// One window of ours in the compositor: an edge, and inside it a workspace's picture. It has no menu, no key and no button of its own. Painting
/// happens under one lock; events come from one thread that reads the compositor.
/// </summary>
internal sealed class EdgedWindow : IDisposable
{
    private const uint MostPixels = 8192;

    private readonly WaylandConnection wayland;
    private readonly WindowObjects objects;
    private readonly Edge edge;
    private readonly Lock gate = new();
    private readonly HashSet<uint> frames = [];
    private SharedPixels? pixels;
    private uint buffer;
    private uint pool;
    private (int Width, int Height) wanted = (1280, 800);
    private Picture picture = new(1, 1);
    private CursorSurface? cursor;

    public EdgedWindow(string socket, string applicationId, string title, Edge edge)
    {
        this.edge = edge;
        wayland = WaylandConnection.Connect(socket);
        objects = new WindowObjects(wayland, applicationId, title);
    }

    /// <summary>Told of keys and of the pointer, in the guest's terms.</summary>
    public Action<WindowInput> Input { get; set; } = _ => { };

    /// <summary>The last picture was shown: time for the next. Never while the window is out of sight.</summary>
    public Action Shown { get; set; } = () => { };

    /// <summary>The guest's space became another.</summary>
    public Action<Area> Resized { get; set; } = _ => { };

    public Area Inside => pixels is { } now ? Edge.Inside(now.Width, now.Height) : default;

    private Fit Fit => new(Inside, picture.Width, picture.Height);

    /// <summary>Reads the compositor until it or this window ends.</summary>
    public void Run()
    {
        while (wayland.Receive() is { } said)
        {
            Hear(said);
        }
    }

    public void Show(Picture next, ScreenChange change)
    {
        lock (gate)
        {
            picture = next;
            if (change.Cursor is { } shape)
            {
                cursor ??= new CursorSurface(wayland, objects) { Pointer = objects.Input.Above ?? default };
                cursor.Take(shape);
            }

            if (pixels is null)
            {
                return;
            }

            if (change.IsResized)
            {
                edge.Paint(pixels.Pixels, pixels.Width, pixels.Height);
            }

            var changed = Fit.Copy(picture, change.Changed, pixels.Pixels, pixels.Width);
            Commit(change.IsResized ? new Area(0, 0, pixels.Width, pixels.Height) : changed);
        }
    }

    public void Dispose()
    {
        wayland.Dispose();
        lock (gate)
        {
            pixels?.Dispose();
            cursor?.Dispose();
        }
    }

    private void Hear(WaylandEvent said)
    {
        if (objects.Hear(said))
        {
            return;
        }

        if (said.Sender == objects.XdgSurface)
        {
            Configure(said.Word(0));
        }
        else if (said.Sender == objects.Toplevel)
        {
            HearSize(said);
        }
        else if (WasFrame(said.Sender))
        {
            Shown();
        }
        else if (HearInput(said) is { } input)
        {
            Input(input);
        }
    }

    private void HearSize(WaylandEvent said)
    {
        if (said.Opcode == WindowObjects.ToplevelConfigure && said.Word(0) > 0 && said.Word(1) > 0)
        {
            wanted = ((int)Math.Min(said.Word(0), MostPixels), (int)Math.Min(said.Word(1), MostPixels));
        }
    }

    private bool WasFrame(uint id)
    {
        lock (gate)
        {
            return frames.Remove(id);
        }
    }

    private WindowInput? HearInput(WaylandEvent said)
    {
        lock (gate)
        {
            return objects.Input.Hear(said, Fit, cursor);
        }
    }

    /// <summary>The compositor says a size, and waits for a picture of it.</summary>
    private void Configure(uint serial)
    {
        lock (gate)
        {
            wayland.Send(objects.XdgSurface, WindowObjects.AckConfigure, serial);
            if (pixels is null || (pixels.Width, pixels.Height) != wanted)
            {
                Reshape();
            }

            edge.Paint(pixels!.Pixels, pixels.Width, pixels.Height);
            Fit.Copy(picture, picture.Area, pixels.Pixels, pixels.Width);
            Commit(new Area(0, 0, pixels.Width, pixels.Height));
        }

        Resized(Inside);
    }

    private void Reshape()
    {
        if (pixels is not null)
        {
            wayland.Send(buffer, WindowObjects.Destroy);
            wayland.Send(pool, WindowObjects.DestroyPool);
            pixels.Dispose();
        }

        pixels = new SharedPixels(wanted.Width, wanted.Height);
        (pool, buffer) = objects.Share(pixels, WindowObjects.Opaque);
    }

    private void Commit(Area changed)
    {
        var frame = wayland.NewId();
        frames.Add(frame);
        wayland.Send(objects.Surface, WindowObjects.Attach, buffer, 0, 0);
        wayland.Send(objects.Surface, WindowObjects.DamageBuffer, changed.X, changed.Y, changed.Width, changed.Height);
        wayland.Send(objects.Surface, WindowObjects.Frame, frame);
        wayland.Send(objects.Surface, WindowObjects.CommitSurface);
    }
}
