using System.Globalization;
using Caisson.Installing;

namespace Caisson.Cli.Install;

/// <summary>
/// Carries a plan out. In this order, so that a cut anywhere leaves what was there before, or a disk on which a rerun begins anew: partitions,
/// both file systems of slot A and a comparison of what the disk then holds with the signed hash, the ESP, and last the entry in the firmware's menu.
/// </summary>
internal sealed class Installation(Medium medium, InstallPlan plan, TimeProvider time, Action<InstallProgress> tell)
{
    private const string Target = "/run/caisson/target";
    private const int Piece = 4 << 20;

    public async Task RunAsync(string? token, string? network, CancellationToken cancel)
    {
        tell(new InstallProgress("Making partitions", 0, 0, 0, null));
        await PartitionAsync(cancel);
        var nodes = await NodesAsync(cancel);
        var (root, verity, esp) = (nodes[plan[PartitionRole.Root].Id], nodes[plan[PartitionRole.Verity].Id], nodes[plan[PartitionRole.Esp].Id]);
        await CopyAsync("Copying the system", Medium.Root, root, await SizeAsync(Medium.Root, cancel), cancel);
        await CopyAsync("Copying its hash tree", medium.Verity, verity, await SizeAsync(medium.Verity, cancel), cancel);
        await CompareAsync(root, verity, cancel);
        tell(new InstallProgress("Making it start", 0, 0, 0, null));
        await EspAsync(esp, token, network, cancel);
        await EnterInMenuAsync(esp, nodes, cancel);
    }

    private async Task PartitionAsync(CancellationToken cancel)
    {
        var disk = plan.Disk.Path;
        if (plan.Replaced.Count > 0)
        {
            await SystemTool.RunAsync("sfdisk", ["--quiet", "--delete", disk, .. plan.Replaced.Select(p => p.Number.ToString(CultureInfo.InvariantCulture))], cancel);
        }

        string[] how = plan.Mode is InstallMode.Erase ? ["--wipe", "always"] : ["--wipe", "never", "--append"];
        await SystemTool.RunAsync("sfdisk", ["--quiet", "--wipe-partitions", "always", .. how, disk], cancel, PartitionScript.Of(plan));
        await SystemTool.RunAsync("udevadm", ["settle", "--timeout=30"], cancel);
    }

    /// <summary>The device of every partition of the disk, by the partition's id.</summary>
    private async Task<Dictionary<Guid, string>> NodesAsync(CancellationToken cancel) =>
        (await SystemTool.RunAsync("lsblk", ["--noheadings", "--raw", "--output", "PATH,PARTUUID", plan.Disk.Path], cancel))
            .Split('\n').Select(line => line.Split(' ')).Where(cells => cells.Length == 2 && Guid.TryParse(cells[1], out _)).ToDictionary(cells => Guid.Parse(cells[1]), cells => cells[0]);

    private static async Task<long> SizeAsync(string device, CancellationToken cancel) =>
        long.Parse(await SystemTool.RunAsync("blockdev", ["--getsize64", device], cancel), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

    private async Task CopyAsync(string step, string from, string to, long bytes, CancellationToken cancel)
    {
        var meter = new CopyMeter(step, bytes, time, tell);
        using var source = File.OpenHandle(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var target = File.OpenHandle(to, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        var buffer = new byte[Piece];
        for (long at = 0; at < bytes;)
        {
            var read = await RandomAccess.ReadAsync(source, buffer.AsMemory(0, (int)Math.Min(Piece, bytes - at)), at, cancel);
            if (read == 0)
            {
                throw new IOException($"{from} ended after {DiskText.Size(at)} of {DiskText.Size(bytes)}: take another medium.");
            }

            await RandomAccess.WriteAsync(target, buffer.AsMemory(0, read), at, cancel);
            at += read;
            meter.At(at);
        }

        RandomAccess.FlushToDisk(target);
    }

    /// <summary>What the disk gives back, not what memory still has of it.</summary>
    private async Task CompareAsync(string root, string verity, CancellationToken cancel)
    {
        foreach (var device in (string[])[root, verity])
        {
            await SystemTool.RunAsync("blockdev", ["--flushbufs", device], cancel);
        }

        var meter = new CopyMeter("Comparing what was written", await SizeAsync(Medium.Root, cancel), time, tell);
        using var process = SystemTool.Start("veritysetup", ["verify", root, verity, medium.Release.RootHash]);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var ended = process.WaitForExitAsync(cancel);
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(300), time);
        while (!ended.IsCompleted)
        {
            meter.At(BytesRead(process.Id));
            await Task.WhenAny(ended, tick.WaitForNextTickAsync(cancel).AsTask());
        }

        await output;
        if (process.ExitCode != 0)
        {
            throw new IOException($"{plan.Disk.Path} does not give back what was written to it ({SystemTool.LastLine(await errors) ?? "it differs"}): replace the disk.");
        }
    }

    /// <summary>What the kernel counts for a process; nothing once it has ended.</summary>
    private static long BytesRead(int process)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/io").Where(line => line.StartsWith("rchar: ", StringComparison.Ordinal)).Select(line => long.Parse(line.AsSpan(7), CultureInfo.InvariantCulture)).FirstOrDefault();
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private async Task EspAsync(string esp, string? token, string? network, CancellationToken cancel)
    {
        await SystemTool.RunAsync("mkfs.vfat", ["-F", "32", "-n", "CAISSON", esp], cancel);
        Directory.CreateDirectory(Target);
        await SystemTool.RunAsync("mount", ["-t", "vfat", "-o", "nosuid,nodev,noexec,umask=0077", esp, Target], cancel);
        try
        {
            EspTree.Copy(Medium.File("caisson/esp"), Target, plan.Mode);
            if (token is not null)
            {
                await File.WriteAllTextAsync(Path.Combine(Target, "caisson/token"), token + "\n", cancel);
            }

            if (network is not null)
            {
                Directory.CreateDirectory(Path.Combine(Target, "caisson/network"));
                File.Copy(Medium.File(network), Path.Combine(Target, "caisson/network", Path.GetFileName(network)));
            }

            await SystemTool.RunAsync("sync", ["--file-system", Target], cancel);
        }
        finally
        {
            await SystemTool.RunAsync("umount", [Target], CancellationToken.None);
        }

        await SystemTool.RunAsync("blockdev", ["--flushbufs", esp], cancel);
        await SystemTool.RunAsync("mount", ["-t", "vfat", "-o", "ro,nosuid,nodev,noexec,umask=0077", esp, Target], cancel);
        try
        {
            EspTree.Compare(Medium.File("caisson/esp"), Target, plan.Mode);
        }
        finally
        {
            await SystemTool.RunAsync("umount", [Target], CancellationToken.None);
        }
    }

    private async Task EnterInMenuAsync(string esp, Dictionary<Guid, string> nodes, CancellationToken cancel)
    {
        var sector = long.Parse(await SystemTool.RunAsync("blockdev", ["--getss", esp], cancel), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        var number = int.Parse(await SystemTool.RunAsync("lsblk", ["--noheadings", "--nodeps", "--output", "PARTN", esp], cancel), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
        var partition = plan[PartitionRole.Esp];
        var present = (await SystemTool.RunAsync("lsblk", ["--noheadings", "--raw", "--output", "PARTUUID"], cancel)).Split('\n').Select(text => Guid.TryParse(text, out var id) ? id : Guid.Empty).Concat(nodes.Keys).ToHashSet();
        FirmwareVariables.PutFirst(new BootEntry(BootMenu.Description, number, partition.Extent.Start / sector, partition.Extent.Bytes / sector, partition.Id, EspTree.LoaderPath(plan.Mode)), present);
    }
}
