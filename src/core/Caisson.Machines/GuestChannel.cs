namespace Caisson.Machines;

/// <summary>The virtio-serial port on which the guest speaks; read by <see cref="GuestConnection"/>.</summary>
internal static class GuestChannel
{
    public const string PortName = "org.caisson.guest.0";

    public static void Add(OptionList options, WorkspacePaths paths)
    {
        options.Add("-device", "virtio-serial-pci", ("id", "serial-bus"));
        options.Add("-chardev", "socket", ("id", "guest"), ("path", paths.GuestSocket), ("server", "on"), ("wait", "off"));
        options.Add("-device", "virtserialport", ("bus", "serial-bus.0"), ("chardev", "guest"), ("name", PortName));
    }
}
