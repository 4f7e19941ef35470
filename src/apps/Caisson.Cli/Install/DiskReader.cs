using Caisson.Hardware;
using Caisson.Installing;

namespace Caisson.Cli.Install;

/// <summary>Looks at the PC and its disks; only reads.</summary>
internal static class DiskReader
{
    private const int Looked = 1 << 20;

    public static async Task<(PcFacts Pc, IReadOnlyList<DialogFinding> Findings)> ReadAsync(Medium medium, CancellationToken cancel)
    {
        var findings = HardwareProbe.Judge(SysfsReader.Read("/"), KvmTrial.NotTried);
        var needed = findings.Where(f => f.Verdict is Verdict.No && HardwareProbe.IsNeeded(f)).ToList();
        var pc = new PcFacts
        {
            Disks = await DisksAsync(medium, cancel),
            Missing = [.. needed.Select(Note)],
            Degraded = [.. findings.Where(f => f.Verdict is not Verdict.Ok).Except(needed).Select(Note)],
        };
        return (pc, [.. findings.Select(f => new DialogFinding(f.Name, Probe.ProbeResult.Word(f.Verdict), f.Reason))]);
    }

    private static HardwareNote Note(Finding finding) => new(finding.Name, finding.Reason);

    private static async Task<IReadOnlyList<Disk>> DisksAsync(Medium medium, CancellationToken cancel)
    {
        await SystemTool.RunAsync("udevadm", ["settle", "--timeout=30"], cancel);
        var disks = new List<Disk>();
        foreach (var block in DiskListing.Blocks(await SystemTool.RunAsync("lsblk", DiskListing.LsblkArguments, cancel)))
        {
            disks.Add(await DiskAsync(block, block.Path == medium.Disk, cancel));
        }

        return disks;
    }

    private static async Task<Disk> DiskAsync(BlockDevice block, bool isMedium, CancellationToken cancel)
    {
        var (code, table, _) = await SystemTool.TryAsync("sfdisk", ["--json", block.Path], cancel);
        var signatures = await SystemTool.RunAsync("wipefs", ["--json", "--no-act", block.Path], cancel);
        return DiskListing.Disk(block, code == 0 ? table : null, signatures, await BeginsBlankAsync(block.Path, cancel), isMedium);
    }

    private static async Task<bool> BeginsBlankAsync(string path, CancellationToken cancel)
    {
        var head = new byte[Looked];
        using var file = System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var read = await RandomAccess.ReadAsync(file, head, 0, cancel);
        return head[0] is 0 or 0xff && !head.AsSpan(0, read).ContainsAnyExcept(head[0]);
    }
}
