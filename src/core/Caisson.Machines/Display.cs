namespace Caisson.Machines;

/// <summary>One virtio-vga head shown by VNC on a Unix socket only; a tablet so that the pointer is where the viewer's pointer is.</summary>
internal static class Display
{
    public static void Add(OptionList options, WorkspacePaths paths)
    {
        options.Add("-device", "virtio-vga", ("xres", "1280"), ("yres", "800"));
        options.Add("-display", "none");

        // force-shared: a second viewer joins and cannot throw the first one out.
        options.Add("-vnc", "", ("vnc", "unix:" + paths.VncSocket), ("share", "force-shared"));
        options.Add("-device", "qemu-xhci", ("id", "usb"));
        options.Add("-device", "usb-tablet", ("bus", "usb.0"));
    }
}
