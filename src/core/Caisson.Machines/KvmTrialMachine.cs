using System.Diagnostics;
using System.Text;

namespace Caisson.Machines;

/// <summary>
/// The machine KVM is tried with. QEMU waits with its processors stopped until told to go on: QMP on its standard input and output, the
/// guest's serial port beside its own words on standard error.
/// </summary>
internal sealed class KvmTrialMachine : IDisposable
{
    private readonly Process _process;
    private readonly string _expected;
    private readonly StringBuilder _said = new();

    private KvmTrialMachine(Process process, string expected) => (_process, _expected) = (process, expected);

    /// <summary>What came on standard error so far, in one line.</summary>
    public string Said => _said.Length == 0 ? "it said nothing" : _said.ToString().Trim().ReplaceLineEndings(" ");

    public static KvmTrialMachine Load(string qemu, ProbeKernel kernel)
    {
        string[] arguments =
        [
            "-nodefaults", "-no-user-config", "-machine", "q35", "-accel", "kvm", "-cpu", "host", "-m", "256", "-display", "none", "-no-reboot", "-S", "-qmp", "stdio",
            "-kernel", kernel.Kernel, "-append", kernel.CommandLine, "-chardev", "file,id=serial,path=/dev/stderr", "-serial", "chardev:serial",
            .. kernel.Initrd is null ? (string[])[] : ["-initrd", kernel.Initrd],
        ];
        var process = Process.Start(new ProcessStartInfo(qemu, arguments)
        {
            // Not the terminal: a QEMU that reads the terminal of a background job is stopped by the kernel and looks like a hang.
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new MachineException(MachineError.Missing, $"{qemu} could not be started.");
        return new KvmTrialMachine(process, kernel.ExpectedText);
    }

    /// <summary>False when QEMU ended instead; <see cref="Said"/> is then why.</summary>
    public async Task<bool> LoadedAsync(CancellationToken cancellation)
    {
        if (await _process.StandardOutput.ReadLineAsync(cancellation) is not null) // QMP's greeting
        {
            return true;
        }

        _said.Append(await _process.StandardError.ReadToEndAsync(cancellation));
        return false;
    }

    /// <summary>Lets it run until the expected text stands on its serial port; false when it ended before.</summary>
    public async Task<bool> PrintsAsync(CancellationToken cancellation)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync("""{"execute":"qmp_capabilities"}{"execute":"cont"}""");
            await _process.StandardInput.FlushAsync(cancellation);
        }
        catch (IOException)
        {
            return false; // ended since it greeted
        }

        while (await _process.StandardError.ReadLineAsync(cancellation) is { } line)
        {
            if (line.Contains(_expected, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }
}
