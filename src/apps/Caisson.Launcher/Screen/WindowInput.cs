using Caisson.Launcher.Wayland;

namespace Caisson.Launcher.Screen;

/// <summary>What the person does to a window.</summary>
internal abstract record WindowInput
{
    private WindowInput()
    {
    }

    public sealed record Key(byte Code, bool Down) : WindowInput;

    /// <param name="Buttons">As <see cref="RfbClient.Pointer"/> has them.</param>
    /// <param name="Clicks">Turns of the wheel, as buttons pressed and let go.</param>
    public sealed record Pointer(int X, int Y, byte Buttons, IReadOnlyList<byte> Clicks) : WindowInput;

    /// <summary>The keyboard went elsewhere: nothing is held any more.</summary>
    public sealed record Away : WindowInput;
}

/// <summary>Keyboard and pointer of a seat, from the compositor's events to <see cref="WindowInput"/>.</summary>
internal sealed class WindowInputs(WaylandConnection wayland)
{
    /// <summary>One click of a usual wheel.</summary>
    private const double WheelStep = 15;

    private uint pointer;
    private uint keyboard;
    private uint enteredSerial;
    private bool isAbove;
    private byte buttons;
    private (double X, double Y) at;
    private (double Down, double Right) turned;

    public uint Seat { get; set; }

    /// <summary>The pointer and the number of its coming; null while it is elsewhere.</summary>
    public (uint Id, uint Serial)? Above => isAbove ? (pointer, enteredSerial) : null;

    public WindowInput? Hear(WaylandEvent said, Fit fit, CursorSurface? cursor) => said.Sender switch
    {
        0 => null,
        var sender when sender == Seat => Equip(said),
        var sender when sender == keyboard => HearKey(said),
        var sender when sender == pointer => HearPointer(said, fit, cursor),
        _ => null,
    };

    private WindowInput? Equip(WaylandEvent said)
    {
        if (said.Opcode != 0)
        {
            return null;
        }

        if ((said.Word(0) & 1) != 0 && pointer == 0)
        {
            pointer = wayland.NewId();
            wayland.Send(Seat, 0, pointer);
        }

        if ((said.Word(0) & 2) != 0 && keyboard == 0)
        {
            keyboard = wayland.NewId();
            wayland.Send(Seat, 1, keyboard);
        }

        return null;
    }

    private static WindowInput? HearKey(WaylandEvent said) => said.Opcode switch
    {
        2 => new WindowInput.Away(),
        3 when KeyCodes.ToPc(said.Word(2)) is { } code => new WindowInput.Key(code, said.Word(3) == 1),
        _ => null,
    };

    private WindowInput.Pointer? HearPointer(WaylandEvent said, Fit fit, CursorSurface? cursor)
    {
        switch (said.Opcode)
        {
            case 0:
                (enteredSerial, isAbove) = (said.Word(0), true);
                at = (said.Fixed(2), said.Fixed(3));
                ShowCursor(cursor);
                break;
            case 1:
                isAbove = false;
                return null;
            case 2:
                at = (said.Fixed(1), said.Fixed(2));
                break;
            case 3:
                var bit = said.Word(2) switch { 0x110 => 1, 0x111 => 4, 0x112 => 2, _ => 0 };
                buttons = (byte)(said.Word(3) == 1 ? buttons | bit : buttons & ~bit);
                break;
            case 4:
                turned = said.Word(1) == 0 ? (turned.Down + said.Fixed(2), turned.Right) : (turned.Down, turned.Right + said.Fixed(2));
                break;
            default:
                return null;
        }

        var (x, y) = fit.ToPicture(at.X, at.Y);
        return new WindowInput.Pointer(x, y, buttons, Clicks());
    }

    private void ShowCursor(CursorSurface? cursor)
    {
        if (cursor is not null)
        {
            cursor.Pointer = (pointer, enteredSerial);
            return;
        }

        // Without a shape of the guest's there is none of ours: most guests without one paint it themselves.
        wayland.Send(pointer, 0, enteredSerial, 0, 0, 0);
    }

    private List<byte> Clicks()
    {
        var clicks = new List<byte>();
        turned = (Take(turned.Down, 8, 16), Take(turned.Right, 32, 64));
        return clicks;

        double Take(double amount, byte back, byte forth)
        {
            for (; Math.Abs(amount) >= WheelStep && clicks.Count < 20; amount -= Math.Sign(amount) * WheelStep)
            {
                clicks.Add(amount < 0 ? back : forth);
            }

            return clicks.Count >= 20 ? 0 : amount;
        }
    }
}
