using System.CommandLine;
using Caisson.Cli.Server;
using Caisson.Hardware;
using Caisson.Machines;

namespace Caisson.Cli.Probe;

/// <summary><c>caisson probe</c>: what this PC would be as an endpoint. It changes nothing, and needs no server.</summary>
internal static class ProbeCommand
{
    /// <summary>What has been seen to work, as against written down and compared.</summary>
    private static readonly string[] Exercised =
    [
        "The framebuffer is what every guest in Caisson's own tests draws with.",
        "virtio-gpu with GL and GPU passthrough were exercised only by tests: the plan on recorded PCs, and QEMU's arguments. No GPU has drawn for them yet.",
    ];

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Print one JSON object" };
        var root = new Option<DirectoryInfo>("--root") { Description = "Read a copy of another PC's /sys, /proc and /dev in this folder", DefaultValueFactory = _ => new DirectoryInfo("/") };
        var tryKvm = new Option<bool>("--try-kvm") { Description = "Start a test kernel in QEMU to see whether KVM works; takes up to 10 s" };
        var kernel = new Option<FileInfo?>("--probe-kernel") { Description = "The kernel for --try-kvm, if none in /boot can be read" };
        var command = new Command("probe", "Look at this PC's hardware and plan its graphics; no server needed") { json, root, tryKvm, kernel };
        command.Validators.Add(result =>
        {
            if (result.GetValue(tryKvm) && result.GetResult(root) is { Implicit: false })
            {
                result.AddError("--try-kvm tries this PC, --root reads another one: leave one of them out.");
            }
        });
        command.SetAction(async (parsed, cancel) =>
        {
            var folder = parsed.GetValue(root)!;
            if (!folder.Exists)
            {
                throw new DirectoryNotFoundException($"There is no folder '{folder.FullName}' to read a PC from.");
            }

            var trial = parsed.GetValue(tryKvm) ? await TryAsync(parsed.GetValue(kernel), cancel) : KvmTrial.NotTried;
            var facts = SysfsReader.Read(folder.FullName);
            var findings = HardwareProbe.Judge(facts, trial);
            var plan = GraphicsPlan.For(facts.Pci, GraphicsPolicy.WorkAndPersonal);
            if (parsed.GetValue(json))
            {
                Output.Json(ProbeResult.Of(facts, findings, plan), ProbeJson.Default.ProbeResult);
                return;
            }

            Print(findings, plan);
        });
        return command;
    }

    private static async Task<KvmTrial> TryAsync(FileInfo? named, CancellationToken cancel)
    {
        if ((named is null ? ProbeKernel.OfHost() : ProbeKernel.Stock(named.FullName)) is not { } kernel)
        {
            return new KvmTrial(KvmOutcome.NotTried, "no kernel in /boot can be read to try it with; name one with --probe-kernel.");
        }

        var choice = await AcceleratorProbe.RunAsync(kernel, TimeProvider.System, cancel);
        var outcome = (choice.Accelerator, choice.WasTried) switch
        {
            (Accelerator.Kvm, _) => KvmOutcome.Works,
            (_, true) => KvmOutcome.Fails,
            _ => KvmOutcome.NotTried,
        };
        return new KvmTrial(outcome, choice.Reason);
    }

    private static void Print(IReadOnlyList<Finding> findings, IReadOnlyList<WorkspaceGraphics> plan)
    {
        Output.Table(["WHAT", "VERDICT", "WHY"], findings.Select(f => (IReadOnlyList<string>)[f.Name, ProbeResult.Word(f.Verdict), f.Reason]));
        Console.Out.WriteLine();
        Console.Out.WriteLine(HardwareProbe.Overall(findings) switch
        {
            Verdict.Ok => "This PC is as Caisson wants it.",
            Verdict.Degraded => "Caisson runs on this PC, with less than it could have.",
            _ => "Caisson does not run on this PC as it is.",
        });
        Console.Out.WriteLine();
        Console.Out.WriteLine("Graphics, where policy lets Work share a GPU and gives Personal one of its own:");
        foreach (var line in GraphicsText.Lines(plan).Concat(["", .. Exercised]))
        {
            Console.Out.WriteLine(line);
        }
    }
}
