using System.Globalization;
using Caisson.FileSystems;
using Caisson.Slots;

namespace Caisson.Endpoint.Appliance;

/// <summary>Carries out what <see cref="UpdateRule"/> decides, step by step, until there is nothing left to do. Runs as root; the image it reads is not trusted.</summary>
/// <param name="say">Told of each step worth reading.</param>
internal sealed class SlotWriter(RunningSystem system, Esp esp, StateFile file, TimeProvider time, Action<string> say)
{
    private const int CopyBytes = 4 << 20;

    private RootHash? spareHolds;

    /// <param name="release">Its kernel's signature was checked; null: nothing is offered.</param>
    /// <returns>The last step: <see cref="UpdateStep.Rest"/> or <see cref="UpdateStep.Refuse"/>.</returns>
    /// <exception cref="ReleaseException">The release is damaged, or the disk is not the appliance's.</exception>
    public UpdateStep Run(Release? release)
    {
        esp.ClearUnfinished();
        while (true)
        {
            using var disk = system.Open(FileAccess.Read);
            var slots = SlotPair.Of(PartitionTable.Read(disk), system.Root);
            var step = UpdateRule.Next(Facts(slots, release));
            if (step is UpdateStep.Rest or UpdateStep.Refuse)
            {
                return step;
            }

            Carry(step, slots.Spare, release);
        }
    }

    private UpdateFacts Facts(SlotPair slots, Release? release)
    {
        var state = file.Read();
        return new UpdateFacts
        {
            Running = system.Version,
            RunningRoot = system.Root,
            Floor = state.Floor,
            Refused = state.Refused,
            Entries = esp.Entries,
            Slots = slots,
            EspFreeBytes = esp.FreeBytes,
            SpareHolds = spareHolds,
            Offered = release is null ? null : new OfferedRelease(release.Version, release.Kernel.Root, release.Tree.DataBytes, release.Tree.TreeBytes, release.Kernel.Bytes.Length),
        };
    }

    private void Carry(UpdateStep step, Slot spare, Release? release)
    {
        switch (step)
        {
            case UpdateStep.Remember(var version, var reason):
                file.Write(file.Read().With(new RefusedVersion(version, reason, time.GetUtcNow())));
                say($"version {version.ToString(CultureInfo.InvariantCulture)} failed and is refused from now on: {reason}");
                break;
            case UpdateStep.RaiseFloor(var to):
                file.Write(file.Read() with { Floor = to });
                say($"version {to.ToString(CultureInfo.InvariantCulture)} is good; nothing below it is taken any more");
                break;
            case UpdateStep.RemoveEntry(var entry):
                esp.Remove(entry);
                break;
            case UpdateStep.FillSpare:
                say($"writing version {release!.Version.ToString(CultureInfo.InvariantCulture)} into the slot at partition {spare.Root.Number.ToString(CultureInfo.InvariantCulture)}");
                Fill(spare, release);
                spareHolds = release.Kernel.Root;
                break;
            case UpdateStep.NameSpare:
                Name(spare, release!);
                break;
            case UpdateStep.AddEntry(var entry):
                esp.Add(entry, release!.Kernel.Bytes);
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>Copies unless a run that was cut short has done so, then reads the slot itself from end to end: what was offered may have changed meanwhile.</summary>
    private void Fill(Slot spare, Release release)
    {
        using var root = system.Open(spare.Root, FileAccess.ReadWrite);
        using var verity = system.Open(spare.Verity, FileAccess.ReadWrite);
        if (spare.IsNamed(release.Kernel.Root) && Holds(root, verity, release.Kernel.Root) is null)
        {
            return;
        }

        Copy(release.Root, root, release.Tree.DataBytes);
        Copy(release.Verity, verity, release.Tree.TreeBytes);
        root.Flush();
        verity.Flush();
        if (Holds(root, verity, release.Kernel.Root) is { } problem)
        {
            throw new ReleaseException($"Version {release.Version} was not taken. {problem}");
        }
    }

    private static string? Holds(DiskRegion root, DiskRegion verity, RootHash expected)
    {
        try
        {
            return VerityTree.Read(verity, root.Bytes).Problem(root, verity, expected);
        }
        catch (ReleaseException e)
        {
            return e.Message;
        }
    }

    private static void Copy(DiskPart from, DiskRegion to, long bytes)
    {
        var buffer = new byte[CopyBytes];
        for (var at = 0L; at < bytes; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, bytes - at));
            from.Read(at, part);
            to.Write(at, part);
        }
    }

    /// <summary>The copy of the table at the disk's end first: at every moment one of the two is sound.</summary>
    private void Name(Slot spare, Release release)
    {
        var name = $"caisson_{release.Version.ToString(CultureInfo.InvariantCulture)}";
        using var disk = system.Open(FileAccess.ReadWrite);
        foreach (var write in PartitionRenaming.Plan(disk, new Dictionary<int, (Guid, string)> { [spare.Root.Number] = (release.Kernel.Root.RootId, name), [spare.Verity.Number] = (release.Kernel.Root.VerityId, name) }))
        {
            disk.Write(write.Offset, write.Bytes);
            disk.Flush();
        }
    }
}
