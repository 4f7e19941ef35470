namespace Caisson.Machines;

/// <summary>A kernel to try KVM with, and the text it prints on its serial port when it really runs.</summary>
public sealed record ProbeKernel(string Kernel, string? Initrd, string ExpectedText)
{
    private const string BootFolder = "/boot";

    /// <summary>No initrd and no disk: it prints its first lines, finds nothing to run and panics, which ends QEMU (-no-reboot).</summary>
    public string CommandLine { get; init; } = "console=ttyS0 earlyprintk=serial panic=-1";

    /// <summary>Any Linux kernel: the first line of its log is enough.</summary>
    public static ProbeKernel Stock(string kernel) => new(kernel, null, "Linux version");

    /// <summary>The kernel this PC itself runs, as it lies in /boot, or else the newest one there; null when none can be read.</summary>
    public static ProbeKernel? OfHost() =>
        Choose(BootFolder, File.ReadAllText("/proc/sys/kernel/osrelease").Trim()) is { } kernel ? Stock(kernel) : null;

    /// <param name="folder">Where vmlinuz-RELEASE files lie.</param>
    /// <param name="release">Of the running kernel, as <c>uname -r</c> says it.</param>
    internal static string? Choose(string folder, string release)
    {
        if (!Directory.Exists(folder))
        {
            return null;
        }

        var running = Path.Combine(folder, "vmlinuz-" + release);
        return Directory.GetFiles(folder, "vmlinuz-*")
            .OrderByDescending(f => string.Equals(f, running, StringComparison.Ordinal))
            .ThenByDescending(File.GetLastWriteTimeUtc)
            .FirstOrDefault(IsReadable);
    }

    private static bool IsReadable(string file)
    {
        try
        {
            using var opened = File.OpenRead(file);
            return opened.Length > 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
