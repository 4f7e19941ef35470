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

    // Reading QEMU from a slow disk takes seconds of its own and says nothing about KVM.
    private static readonly TimeSpan LoadLimit = TimeSpan.FromSeconds(60);

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

        using var trial = KvmTrialMachine.Load(qemu, kernel);
        if (await WithinAsync(trial.LoadedAsync, LoadLimit, time, cancellation) is not true)
        {
            return Tcg($"QEMU did not come up under KVM: {trial.Said}") with { WasTried = true };
        }

        return await WithinAsync(trial.PrintsAsync, Limit, time, cancellation) switch
        {
            true => new AcceleratorChoice(Accelerator.Kvm, "KVM: a test kernel ran under it.") { WasTried = true },
            false => Tcg("QEMU ended before the test kernel printed a line under KVM") with { WasTried = true },
            null => Tcg($"/dev/kvm opens, but a test kernel printed nothing under it within {Limit.TotalSeconds:0} s") with { WasTried = true },
        };
    }

    /// <returns>Null when it took longer.</returns>
    private static async Task<bool?> WithinAsync(Func<CancellationToken, Task<bool>> step, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            return await step(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return null;
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
}
