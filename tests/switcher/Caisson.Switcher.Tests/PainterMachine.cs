using System.Diagnostics;
using Caisson.Testing;

namespace Caisson.Switcher.Tests;

/// <summary>
/// A real QEMU with the display options every workspace has, and a guest of 512 bytes: it paints its whole screen in one colour and writes each key's
/// code to its serial port.
/// </summary>
internal sealed class PainterMachine : IAsyncDisposable
{
    private readonly TestFolder folder = new();
    private readonly Process qemu;

    private PainterMachine(uint colour)
    {
        File.WriteAllBytes(folder.File("disk"), Disk(colour));
        qemu = Process.Start(new ProcessStartInfo("qemu-system-x86_64",
        [
            "-name", "painter", "-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "tcg", "-m", "64",
            "-drive", $"if=none,id=disk,format=raw,file={folder.File("disk")}", "-device", "ide-hd,drive=disk",
            "-device", "virtio-vga,id=head,xres=1280,yres=800", "-display", "none", "-vnc", $"vnc=unix:{VncSocket},share=force-shared,display=head",
            "-device", "qemu-xhci,id=usb", "-device", "usb-tablet,bus=usb.0", "-serial", $"file:{folder.File("serial")}",
        ]) { UseShellExecute = false, RedirectStandardInput = true })!;
        qemu.StandardInput.Close();
    }

    public string VncSocket => folder.File("vnc");

    public bool IsRunning => !qemu.HasExited;

    /// <summary>Codes of keys, as a PC's keyboard sends them; the highest bit is a key let go.</summary>
    public byte[] Keys
    {
        get
        {
            using var file = new FileStream(folder.File("serial"), FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[file.Length];
            file.ReadExactly(bytes);
            return bytes;
        }
    }

    public static PainterMachine Start(uint colour)
    {
        Requirement.Program("qemu-system-x86_64");
        return new PainterMachine(colour);
    }

    public async ValueTask DisposeAsync()
    {
        qemu.Kill();
        await qemu.WaitForExitAsync(CancellationToken.None);
        qemu.Dispose();
        folder.Dispose();
    }

    private static byte[] Disk(uint colour)
    {
        byte[] code =
        [
            0xb8, 0x13, 0x00, 0xcd, 0x10, // mode 13h: 320 by 200 in 256 colours
            0xba, 0xc8, 0x03, 0xb0, 0x01, 0xee, 0x42, // colour 1 of the palette, six bits each
            0xb0, Six(colour >> 16), 0xee, 0xb0, Six(colour >> 8), 0xee, 0xb0, Six(colour), 0xee,
            0xb8, 0x00, 0xa0, 0x8e, 0xc0, 0x31, 0xff, 0xb9, 0x00, 0xfa, 0xb0, 0x01, 0xf3, 0xaa, // everywhere
            0xfa, // no interrupts: the keyboard is asked
            0xe4, 0x64, 0xa8, 0x01, 0x74, 0xfa, 0xe4, 0x60, 0xba, 0xf8, 0x03, 0xee, 0xeb, 0xf2, // key to serial port, for ever
        ];
        var disk = new byte[1 << 20];
        code.CopyTo(disk, 0);
        (disk[510], disk[511]) = (0x55, 0xaa);
        return disk;

        static byte Six(uint part) => (byte)((part & 0xff) >> 2);
    }
}
