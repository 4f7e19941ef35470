using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Caisson.Qmp;
using Caisson.Testing;

namespace Caisson.Appliance.Tests;

/// <summary>
/// A PC in QEMU: UEFI with Secure Boot in setup mode at first, a TPM 2.0, one disk larger than the appliance's image. Firmware variables, TPM
/// and disk stay between its starts, as a real one's do; <see cref="CutPower"/> is kill -9.
/// </summary>
internal sealed class TestPc : IAsyncDisposable
{
    /// <summary>Generous: an emulated boot takes half a minute on a quiet machine, and the first has two.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(6);

    private const long DiskBytes = 8L << 30;

    private readonly TestFolder _folder = new();
    private readonly StringBuilder _errors = new();
    private Process? _qemu;
    private Process? _tpm;

    private TestPc()
    {
    }

    public string Disk => _folder.File("disk.raw");

    public string SerialText
    {
        get
        {
            var path = _folder.File("serial.log");
            if (!File.Exists(path))
            {
                return "";
            }

            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return reader.ReadToEnd();
        }
    }

    /// <summary>The appliance's disk, on a PC whose own is larger.</summary>
    public static async Task<TestPc> CreateAsync(BuiltAppliance appliance, CancellationToken cancellation)
    {
        foreach (var program in (string[])["qemu-system-x86_64", "swtpm"])
        {
            Requirement.Program(program);
        }

        var pc = new TestPc();
        await Command.RunAsync("cp", ["--sparse=always", "--reflink=auto", appliance.Disk, pc.Disk], cancellation);
        using (var disk = new FileStream(pc.Disk, FileMode.Open, FileAccess.Write))
        {
            disk.SetLength(DiskBytes);
        }

        File.Copy("/usr/share/OVMF/OVMF_VARS_4M.fd", pc._folder.File("variables.fd"));
        Directory.CreateDirectory(pc._folder.File("tpm"));
        return pc;
    }

    /// <param name="network">The network namespace its card leads into; null is a PC without one.</param>
    public void Start(string? network = null)
    {
        File.Delete(_folder.File("serial.log"));
        _tpm = Launch("swtpm", "socket", "--tpm2", "--tpmstate", $"dir={_folder.File("tpm")}", "--ctrl", $"type=unixio,path={_folder.File("tpm.sock")}", "--terminate");
        string[] arguments =
        [
            "-name", "pc", "-nodefaults", "-no-user-config", "-machine", "q35,smm=on", "-accel", "tcg,thread=multi,tb-size=256", "-cpu", "EPYC,+svm,+npt",
            "-smp", "2", "-m", "3072", "-display", "none", "-global", "driver=cfi.pflash01,property=secure,value=on",
            "-drive", "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
            "-drive", $"if=pflash,format=raw,file={_folder.File("variables.fd")}",
            "-blockdev", $"driver=file,node-name=file,filename={Disk},cache.direct=off", "-blockdev", "driver=raw,node-name=disk,file=file",
            "-device", "virtio-blk-pci,drive=disk,bootindex=1", "-device", "virtio-rng-pci", "-device", "VGA,xres=1280,yres=800",
            "-chardev", $"socket,id=tpm,path={_folder.File("tpm.sock")},reconnect=0", "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0",
            "-serial", $"file:{_folder.File("serial.log")}", "-qmp", $"unix:{_folder.File("qmp")},server=on,wait=off",
        ];
        SpinWait.SpinUntil(() => File.Exists(_folder.File("tpm.sock")), TimeSpan.FromSeconds(10));
        _qemu = network is null
            ? Launch("qemu-system-x86_64", arguments)
            : Launch("ip", ["netns", "exec", network, "qemu-system-x86_64", .. arguments, "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"]);
    }

    /// <summary>Waits until one of the texts stands on the serial console, and says which.</summary>
    public async Task<string> WaitForAsync(params string[] texts)
    {
        using var limit = new CancellationTokenSource(Deadline);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        try
        {
            while (true)
            {
                var said = SerialText;
                if (texts.FirstOrDefault(text => said.Contains(text, StringComparison.Ordinal)) is { } found)
                {
                    return found;
                }

                if (_qemu!.HasExited)
                {
                    throw new InvalidOperationException($"The PC's QEMU ended: {_errors}");
                }

                await tick.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The PC did not say '{string.Join("' or '", texts)}' in {Deadline.TotalMinutes:0} min. It said:\n{SerialText}", e);
        }
    }

    /// <summary>Leaves a file where the installer leaves it: in the folder caisson of the ESP.</summary>
    public async Task LeaveOnEspAsync(string name, string content, CancellationToken cancellation)
    {
        var file = _folder.File(name);
        await File.WriteAllTextAsync(file, content, cancellation);
        await Command.RunAsync("mcopy", ["-o", "-i", Disk + "@@1M", file, "::caisson/" + name], cancellation);
    }

    /// <summary>What the screen shows.</summary>
    public async Task ScreenshotAsync(string file, CancellationToken cancellation, string format = "png")
    {
        await using var qmp = await QmpClient.ConnectAsync(_folder.File("qmp"), cancellation);
        await qmp.ExecuteAsync("screendump", new JsonObject { ["filename"] = file, ["format"] = format }, cancellation);
    }

    /// <summary>Presses keys at the same time, by QEMU's names for them.</summary>
    public async Task PressAsync(CancellationToken cancellation, params string[] keys)
    {
        await using var qmp = await QmpClient.ConnectAsync(_folder.File("qmp"), cancellation);
        await qmp.ExecuteAsync("send-key", new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => new JsonObject { ["type"] = "qcode", ["data"] = key })]) }, cancellation);
    }

    /// <summary>Waits until the screen is as <paramref name="holds"/> wants it, and keeps its picture.</summary>
    public async Task SeesAsync(string name, Func<PcScreen, bool> holds, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Deadline);
        using var tick = new PeriodicTimer(TimeSpan.FromSeconds(1));
        var (raw, kept) = (_folder.File("screen.ppm"), Path.Combine(Directory.CreateDirectory(Path.Combine(Checkout.Root, "artifacts", "screenshots")).FullName, name + ".png"));
        while (true)
        {
            await ScreenshotAsync(raw, cancellation, format: "ppm");
            var isSo = holds(PcScreen.FromPpm(await File.ReadAllBytesAsync(raw, cancellation)));
            if (isSo || limit.IsCancellationRequested)
            {
                await ScreenshotAsync(kept, cancellation);
                Assert.True(isSo, $"The screen never showed {name}; what it shows is in {kept}. The PC said:\n{SerialText}");
                return;
            }

            await tick.WaitForNextTickAsync(cancellation);
        }
    }

    /// <summary>Another mainboard: what was sealed to the old one's TPM stays sealed.</summary>
    public void ReplaceTpm()
    {
        Directory.Delete(_folder.File("tpm"), recursive: true);
        Directory.CreateDirectory(_folder.File("tpm"));
    }

    public void CutPower()
    {
        foreach (var process in (Process?[])[_qemu, _tpm])
        {
            if (process is { HasExited: false })
            {
                process.Kill();
                process.WaitForExit();
            }

            process?.Dispose();
        }

        (_qemu, _tpm) = (null, null);
        File.Delete(_folder.File("tpm.sock"));
    }

    public ValueTask DisposeAsync()
    {
        CutPower();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private Process Launch(string program, params string[] arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false })!;
        process.ErrorDataReceived += (_, line) => _errors.AppendLine(line.Data);
        process.BeginErrorReadLine();
        process.StandardInput.Close(); // A QEMU that reads a terminal in the background is stopped by the kernel.
        return process;
    }
}
