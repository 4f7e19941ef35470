using System.Diagnostics;
using Caisson.Machines;

namespace Caisson.Testing;

/// <summary>The tiny test guest of guests/tiny: Debian's cloud kernel and a busybox initrd that is up in about two seconds under TCG.</summary>
public sealed record TinyGuest(string Kernel, string Initrd)
{
    public const string UpText = "CAISSON-TINY-UP";

    // no_timer_check: under a loaded emulator the kernel's timer test can fail and panic the guest.
    public const string KernelOptions = "console=ttyS0 quiet no_timer_check panic=-1";

    /// <summary>Builds it when it is not in the cache yet (network, about a minute), as every later run finds it there.</summary>
    public static async Task<TinyGuest> GetAsync(CancellationToken cancellation)
    {
        using var build = Process.Start(new ProcessStartInfo(Path.Combine(Checkout.Root, "guests", "build"), ["tiny"])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        var folder = (await build.StandardOutput.ReadToEndAsync(cancellation)).Trim();
        await build.WaitForExitAsync(cancellation);
        Requirement.Need(build.ExitCode == 0, "guests/build tiny failed; run it to see why.");
        return new TinyGuest(Path.Combine(folder, "vmlinuz"), Path.Combine(folder, "initrd"));
    }

    /// <param name="options">caisson.* options as guests/tiny/init lists them.</param>
    public Firmware Boot(params IEnumerable<string> options) => new Firmware.DirectKernel(Kernel, Initrd, string.Join(' ', [KernelOptions, .. options]));
}
