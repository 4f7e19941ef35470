using System.Diagnostics;

namespace Caisson.Machines;

/// <summary>The accelerator to use, and one sentence that says why.</summary>
public sealed record AcceleratorChoice(Accelerator Accelerator, string Reason)
{
    /// <summary>A kernel was started under KVM; false where something else kept it from being tried.</summary>
    public bool WasTried { get; init; }
}

/// <summary>
/// KVM counts only when a kernel gets through a boot under it. Opening /dev/kvm proves nothing: there are machines whose /dev/kvm opens,
/// creates a VM, runs firmware, and then hangs a stock kernel.
/// </summary>
public static class AcceleratorProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <param name="kernel">Null when there is none on this PC: KVM is then not used.</param>
    public static async Task<AcceleratorChoice> RunAsync(ProbeKernel? kernel, TimeProvider time, CancellationToken cancellation)
    {
        if (!File.Exists("/dev/kvm"))
        {
            return Tcg("this machine has no /dev/kvm (virtualisation is off in the firmware setup, or this is a VM without nesting)");
        }

        if (!CanOpenKvm(out var why))
        {
            return Tcg($"/dev/kvm cannot be opened: {why} Add the user to the group kvm");
        }

        if (kernel is null)
        {
            return Tcg("there is a /dev/kvm, but no kernel in /boot that could be read to try it with; name one with --probe-kernel");
        }

        var qemu = Executables.Find("qemu-system-x86_64");
        if (qemu is null)
        {
            return Tcg("qemu-system-x86_64 is not installed, so KVM could not be tried");
        }

        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await PrintsAsync(qemu, kernel, either.Token)
                ? new AcceleratorChoice(Accelerator.Kvm, "KVM: a test kernel ran under it.") { WasTried = true }
                : Tcg("QEMU ended before the test kernel printed a line under KVM") with { WasTried = true };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Tcg($"/dev/kvm opens, but a test kernel printed nothing under it within {Limit.TotalSeconds:0} s") with { WasTried = true };
        }
    }

    private static AcceleratorChoice Tcg(string reason) =>
        new(Accelerator.Tcg, $"Emulation (TCG, slow and no security boundary): {reason}.");

    private static bool CanOpenKvm(out string why)
    {
        try
        {
            using var device = new FileStream("/dev/kvm", FileMode.Open, FileAccess.ReadWrite);
            why = "";
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            why = e.Message;
            return false;
        }
    }

    private static async Task<bool> PrintsAsync(string qemu, ProbeKernel kernel, CancellationToken cancellation)
    {
        string[] arguments =
        [
            "-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256", "-display", "none", "-no-reboot",
            "-kernel", kernel.Kernel, "-append", kernel.CommandLine, "-serial", "stdio",
            .. kernel.Initrd is null ? (string[])[] : ["-initrd", kernel.Initrd],
        ];
        using var process = Process.Start(new ProcessStartInfo(qemu, arguments)
        {
            // Its own closed stdin: a QEMU that reads the terminal of a background job is stopped by the kernel and looks like a hang.
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new MachineException(MachineError.Missing, $"{qemu} could not be started.");
        process.StandardInput.Close();
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
            {
                if (line.Contains(kernel.ExpectedText, StringComparison.Ordinal))
                {
                    return true;
                }
            }

            return false;
        }
        finally
        {
            process.Kill();
        }
    }
}
