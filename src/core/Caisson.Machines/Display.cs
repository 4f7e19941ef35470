using System.Globalization;

namespace Caisson.Machines;

/// <summary>At most one head, shown by VNC on a Unix socket only; a tablet so that the pointer is where the viewer's pointer is.</summary>
internal static class Display
{
    private const string Head = "head";

    public static void Add(OptionList options, WorkspaceSpec spec, WorkspacePaths paths)
    {
        switch (spec.Graphics)
        {
            case Graphics.VirtioGl { Screen: GlScreen.Window }:
                AddHead(options, "virtio-vga-gl");

                // Nothing of QEMU's own around the picture. No VNC: it would find no pixels to send, they never leave the GPU.
                options.Add("-display", "gtk", ("gl", "on"), ("show-menubar", "off"), ("show-tabs", "off"), ("window-close", "off"));
                AddPointer(options);
                break;
            case Graphics.VirtioGl { RenderNode: var node }:
                AddHead(options, "virtio-vga-gl");
                options.Add("-display", "egl-headless", ("rendernode", node));
                AddStream(options, paths);
                AddPointer(options);
                break;
            case Graphics.Passthrough { HasOutputs: true } own:
                options.Add("-vga", "none");
                options.Add("-display", "none");
                AddFunctions(options, own.Addresses);
                options.Add("-device", "qemu-xhci", ("id", "usb"));
                break;
            case Graphics.Passthrough own:
                AddFramebuffer(options, paths);
                AddFunctions(options, own.Addresses);
                break;
            default:
                AddFramebuffer(options, paths);
                break;
        }
    }

    private static void AddFramebuffer(OptionList options, WorkspacePaths paths)
    {
        AddHead(options, "virtio-vga");
        options.Add("-display", "none");
        AddStream(options, paths);
        AddPointer(options);
    }

    private static void AddHead(OptionList options, string device) => options.Add("-device", device, ("id", Head), ("xres", "1280"), ("yres", "800"));

    // force-shared: a second viewer joins and cannot throw the first one out. display: bound to one head, QEMU keeps no key for itself; unbound it
    // takes Ctrl+Alt+1 to 9 for switching between heads.
    private static void AddStream(OptionList options, WorkspacePaths paths) =>
        options.Add("-vnc", "", ("vnc", "unix:" + paths.VncSocket), ("share", "force-shared"), ("display", Head));

    private static void AddPointer(OptionList options)
    {
        options.Add("-device", "qemu-xhci", ("id", "usb"));
        options.Add("-device", "usb-tablet", ("bus", "usb.0"));
    }

    /// <summary>
    /// One device with all its functions, as it is on the host: drivers look for the sound beside their GPU. Behind a root port, because they read
    /// the speed of the link above them.
    /// </summary>
    private static void AddFunctions(OptionList options, IReadOnlyList<string> addresses)
    {
        options.Add("-device", "pcie-root-port", ("id", "gpu-port"), ("chassis", "1"));
        foreach (var (function, address) in addresses.Index())
        {
            var number = function.ToString(CultureInfo.InvariantCulture);
            (string, string)[] several = function == 0 && addresses.Count > 1 ? [("multifunction", "on")] : [];
            options.Add("-device", "vfio-pci", [("id", "gpu-" + number), ("host", address), ("bus", "gpu-port"), ("addr", "0." + number), .. several]);
        }
    }
}
