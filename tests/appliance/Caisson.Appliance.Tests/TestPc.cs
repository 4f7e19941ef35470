using System.Diagnostics;
using System.Globalization;
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
    public static readonly TimeSpan Deadline = TimeSpan.FromMinutes(8);

    private const long DiskBytes = 8L << 30;

    private readonly TestFolder _folder = new();
    private readonly StringBuilder _errors = new();
    private Process? _qemu;
    private Process? _tpm;

    private TestPc()
    {
    }

    public string Disk => _folder.File("disk.raw");

    /// <summary>A USB stick's image; null is none. While one is in, it is what the firmware starts.</summary>
    public string? Stick { get; set; }

    /// <summary>In MiB.</summary>
    public int Memory { get; init; } = 3072;

    /// <summary>Without it the firmware stays without keys, and starts whatever it finds.</summary>
    public bool SecureBoot { get; init; } = true;

    /// <summary>Start in the order of the firmware's own menu, not from the disk.</summary>
    public bool MenuDecides { get; set; }

    public string Variables => _folder.File("variables.fd");

    public bool IsOff => _qemu is null or { HasExited: true };

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
        var pc = Create(new TestPc());
        await Command.RunAsync("cp", ["--sparse=always", "--reflink=auto", appliance.Disk, pc.Disk], cancellation);
        using (var disk = new FileStream(pc.Disk, FileMode.Open, FileAccess.Write))
        {
            disk.SetLength(DiskBytes);
        }

        return pc;
    }

    /// <summary>A PC as it is bought, with a disk of zeros and the medium in it.</summary>
    public static async Task<TestPc> WithMediumAsync(BuiltAppliance appliance, long diskBytes, bool secureBoot, CancellationToken cancellation)
    {
        var pc = Create(new TestPc { Memory = 4096, SecureBoot = secureBoot });
        pc.Stick = pc._folder.File("stick.raw");
        await Command.RunAsync("cp", ["--sparse=always", "--reflink=auto", appliance.Medium, pc.Stick], cancellation);
        if (!secureBoot)
        {
            // In setup mode the loader would enrol the builder's keys by itself, as it does in every virtual PC, and nothing else would start any more.
            var settings = pc._folder.File("loader.conf");
            await File.WriteAllTextAsync(settings, "timeout 10\ndefault caisson-install*\neditor no\nsecure-boot-enroll off\n", cancellation);
            await Command.RunAsync("mcopy", ["-o", "-i", pc.Stick + "@@1M", settings, "::loader/loader.conf"], cancellation);
        }

        using var disk = new FileStream(pc.Disk, FileMode.Create, FileAccess.Write);
        disk.SetLength(diskBytes);
        return pc;
    }

    private static TestPc Create(TestPc pc)
    {
        foreach (var program in (string[])["qemu-system-x86_64", "swtpm"])
        {
            Requirement.Program(program);
        }

        File.Copy("/usr/share/OVMF/OVMF_VARS_4M.fd", pc.Variables);
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
            "-smp", "2", "-m", $"{Memory}", "-display", "none", "-global", $"driver=cfi.pflash01,property=secure,value={(SecureBoot ? "on" : "off")}",
            "-drive", $"if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M{(SecureBoot ? ".secboot" : "")}.fd",
            "-drive", $"if=pflash,format=raw,file={Variables}",
            "-blockdev", $"driver=file,node-name=file,filename={Disk},cache.direct=off", "-blockdev", "driver=raw,node-name=disk,file=file",
            "-device", $"virtio-blk-pci,drive=disk,serial=DISK{(Stick is null && !MenuDecides ? ",bootindex=1" : "")}", .. StickArguments(), "-device", "virtio-rng-pci", "-device", "i6300esb", "-action", "watchdog=reset", "-device", "VGA,xres=1280,yres=800",
            "-chardev", $"socket,id=tpm,path={_folder.File("tpm.sock")},reconnect=0", "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0",
            "-serial", $"file:{_folder.File("serial.log")}", "-qmp", $"unix:{_folder.File("qmp")},server=on,wait=off",
        ];
        SpinWait.SpinUntil(() => File.Exists(_folder.File("tpm.sock")), TimeSpan.FromSeconds(10));
        _qemu = network is null
            ? Launch("qemu-system-x86_64", arguments)
            : Launch("ip", ["netns", "exec", network, "qemu-system-x86_64", .. arguments, "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net"]);
    }

    private string[] StickArguments() => Stick is null
        ? []
        :
        [
            "-blockdev", $"driver=file,node-name=stick-file,filename={Stick},cache.direct=off", "-blockdev", "driver=raw,node-name=stick,file=stick-file",
            "-device", "qemu-xhci", "-device", "usb-storage,drive=stick,serial=STICK,bootindex=0",
        ];

    /// <summary>Presses keys one after the other, by QEMU's names: ret, esc, up, a.</summary>
    public async Task PressAsync(CancellationToken cancellation, params IEnumerable<string> keys)
    {
        await using var qmp = await QmpClient.ConnectAsync(_folder.File("qmp"), cancellation);
        foreach (var key in keys)
        {
            await qmp.ExecuteAsync("send-key", new JsonObject { ["keys"] = new JsonArray(new JsonObject { ["type"] = "qcode", ["data"] = key }), ["hold-time"] = 50 }, cancellation);
            await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, cancellation); // Emulated keyboards drop what comes faster.
        }
    }

    /// <summary>Until the PC has switched itself off.</summary>
    public async Task WaitForPowerOffAsync(CancellationToken cancellation)
    {
        await _qemu!.WaitForExitAsync(cancellation).WaitAsync(Deadline, TimeProvider.System, cancellation);
        CutPower();
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
    public Task LeaveOnEspAsync(string name, string content, CancellationToken cancellation) => LeaveAsync(Disk, name, content, cancellation);

    /// <summary>The same folder of the medium.</summary>
    public Task LeaveOnStickAsync(string name, string content, CancellationToken cancellation) => LeaveAsync(Stick!, name, content, cancellation);

    public Task<string> ReadFromStickAsync(string name, CancellationToken cancellation) => Command.RunAsync("mtype", ["-i", Stick + "@@1M", "::caisson/" + name], cancellation);

    private async Task LeaveAsync(string image, string name, string content, CancellationToken cancellation)
    {
        var file = _folder.File(name);
        await File.WriteAllTextAsync(file, content, cancellation);
        await Command.RunAsync("mcopy", ["-o", "-i", image + "@@1M", file, "::caisson/" + name], cancellation);
    }

    /// <summary>Flips a bit of a root, in its file system's first block, which every boot reads.</summary>
    /// <param name="name">Of its partition.</param>
    public async Task DamageRootAsync(string name, CancellationToken cancellation)
    {
        var line = (await Command.RunAsync("sfdisk", ["--dump", Disk], cancellation)).Split('\n').First(l => l.Contains($"name=\"{name}\"", StringComparison.Ordinal));
        var at = (512 * long.Parse(line.Split("start=")[1].Split(',')[0], CultureInfo.InvariantCulture)) + 100;
        using var file = File.OpenHandle(Disk, FileMode.Open, FileAccess.ReadWrite);
        var one = new byte[1];
        RandomAccess.Read(file, one, at);
        one[0] ^= 1;
        RandomAccess.Write(file, one, at);
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

    /// <summary>Off and on again. What the serial console said before is forgotten.</summary>
    public void Restart(string? network = null)
    {
        CutPower();
        Start(network);
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
