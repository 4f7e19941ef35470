using Caisson.Launcher.Wayland;
using Caisson.Testing;

namespace Caisson.Switcher.Tests;

/// <summary>A keyboard of the compositor's own protocol for such (virtual-keyboard-unstable-v1): real key numbers, so what arrives is what a person's would.</summary>
internal sealed class VirtualKeyboard : IDisposable
{
    public const int Ctrl = 29;
    public const int Alt = 56;
    public const int Shift = 42;
    public const int Space = 57;
    public const int Home = 102;

    private const string Keymap = """
        xkb_keymap {
          xkb_keycodes { include "evdev+aliases(qwerty)" };
          xkb_types { include "complete" };
          xkb_compat { include "complete" };
          xkb_symbols { include "pc+us+inet(evdev)" };
        };
        """;

    private readonly WaylandConnection wayland;
    private readonly TestFolder folder = new();
    private uint keyboard;
    private uint time;

    public VirtualKeyboard(string socket)
    {
        wayland = WaylandConnection.Connect(socket);
        var callback = wayland.NewId();
        wayland.Send(WaylandConnection.Display, 0, callback); // sync: everything announced by then
        var (seat, maker) = (0u, 0u);
        while (wayland.Receive() is { } said && said.Sender != callback)
        {
            if (said.Sender == WaylandConnection.Registry && said.Text(1) is "wl_seat" or "zwp_virtual_keyboard_manager_v1")
            {
                var id = wayland.NewId();
                wayland.Send(WaylandConnection.Registry, 0, said.Word(0), said.Text(1), 1, id);
                (seat, maker) = said.Text(1) == "wl_seat" ? (id, maker) : (seat, id);
            }
        }

        keyboard = wayland.NewId();
        wayland.Send(maker, 0, seat, keyboard);
        var file = folder.File("keymap");
        File.WriteAllText(file, Keymap + '\0');
        using var handle = File.OpenHandle(file);
        wayland.SendWithFile(keyboard, 0, handle, 1, (uint)new FileInfo(file).Length);
    }

    /// <summary>Holds the first keys while the last is pressed and let go, as a person does.</summary>
    public void Chord(params int[] keys)
    {
        foreach (var key in keys)
        {
            Press(key, down: true);
        }

        foreach (var key in keys.Reverse())
        {
            Press(key, down: false);
        }
    }

    public void Dispose()
    {
        wayland.Dispose();
        folder.Dispose();
    }

    private readonly HashSet<int> held = [];

    private void Press(int key, bool down)
    {
        _ = down ? held.Add(key) : held.Remove(key);
        wayland.Send(keyboard, 1, ++time, key, down ? 1 : 0);

        // Modifiers: shift 1, control 4, alt (mod1) 8.
        var modifiers = (held.Contains(Shift) ? 1 : 0) | (held.Contains(Ctrl) ? 4 : 0) | (held.Contains(Alt) ? 8 : 0);
        wayland.Send(keyboard, 2, modifiers, 0, 0, 0);
    }
}
