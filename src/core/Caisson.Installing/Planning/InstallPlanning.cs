namespace Caisson.Installing;

/// <summary>Facts and wishes to a plan, or to every reason against it. A pure function: nothing is looked at and nothing written.</summary>
public static class InstallPlanning
{
    /// <summary>Two versions of the system and one workspace with an image: the same as the hardware probe's least disk.</summary>
    public const long SensibleBytes = 32_000_000_000;

    public static PlanOutcome Decide(PcFacts pc, Wishes wishes, Release release, PlanIds ids)
    {
        var reasons = pc.Missing
            .Where(m => m.Name != "disk" && !wishes.Despite.Contains(m.Name)) // The disk that is meant is judged below, not the largest.
            .Select(m => new Refusal("I-120", $"{m.Name}: {m.Reason} To install all the same, name '{m.Name}' under \"despite\"."))
            .ToList();
        var (disk, refusal) = DiskSelection.Find(pc.Disks, wishes.Disk);
        if (disk is null)
        {
            return new PlanOutcome.Refused([.. reasons, refusal!]);
        }

        var space = wishes.Mode is InstallMode.Erase ? WholeDisk(disk) : FreeSpace.Largest(disk, Unfinished.On(disk));
        reasons.AddRange(Of(disk));
        reasons.AddRange(wishes.Mode is InstallMode.Erase ? AgainstErasing(disk, wishes) : AgainstBeside(disk));
        if (reasons is [])
        {
            reasons.AddRange(OfSpace(disk, space, wishes));
            reasons.AddRange(OfSameRelease(pc, disk, wishes, release));
        }

        return reasons is [] ? new PlanOutcome.Planned(Plan(pc, disk, space!, wishes, release, ids)) : new PlanOutcome.Refused(reasons);
    }

    /// <summary>Both tables of a GPT have their place before the first and behind the last whole mebibyte.</summary>
    private static Extent WholeDisk(Disk disk) => Extent.Between(Extent.Mebibyte, disk.Bytes - Extent.Mebibyte).Aligned();

    private static IEnumerable<Refusal> Of(Disk disk)
    {
        if (disk.IsMedium)
        {
            yield return new("I-104", $"{DiskText.Of(disk)} is the medium this installer runs from.");
        }

        if (disk.ReadOnly)
        {
            yield return new("I-105", $"{DiskText.Of(disk)} cannot be written: look for a switch on it, or a lock in the firmware setup.");
        }
    }

    private static IEnumerable<Refusal> AgainstErasing(Disk disk, Wishes wishes)
    {
        if (!wishes.Disk.IsNamed && DiskContent.Of(disk) is { Count: > 0 } content)
        {
            yield return new("I-106", $"{DiskText.Of(disk)} holds data: {string.Join("; ", content)}. To erase it, name it by its serial number.");
        }
    }

    private static IEnumerable<Refusal> AgainstBeside(Disk disk)
    {
        if (disk.Table is not TableKind.Gpt)
        {
            yield return new("I-107", disk.Table is TableKind.None
                ? $"{DiskText.Of(disk)} has no partition table to install beside: let the whole disk be taken."
                : $"{DiskText.Of(disk)} has an old partition table (MBR): only a disk with a GPT can be shared.");
        }

        if (disk.Signatures.Count > 0)
        {
            yield return new("I-108", $"{DiskText.Of(disk)} is itself part of something: {string.Join(", ", disk.Signatures)}. It cannot be shared.");
        }

        if (disk.Partitions.Except(Unfinished.On(disk)).Any(p => p.TypeId == DiskLayout.Data))
        {
            yield return new("I-109", $"{DiskText.Of(disk)} has a Caisson already. Remove its partitions first, or let the whole disk be taken.");
        }
    }

    private static IEnumerable<Refusal> OfSpace(Disk disk, Extent? space, Wishes wishes)
    {
        var bytes = space?.Bytes ?? 0;
        var where = wishes.Mode is InstallMode.Erase ? $"{DiskText.Of(disk)} is too small" : $"{DiskText.Of(disk)} has {DiskText.Size(bytes)} of free space in one piece";
        if (bytes < DiskLayout.LeastBytes)
        {
            yield return new("I-110", $"{where}: {DiskText.Size(DiskLayout.LeastBytes)} are the least that the system fits into, {DiskText.Size(SensibleBytes)} the least that is of use.");
        }
        else if (disk.Bytes < SensibleBytes || (wishes.Mode is InstallMode.Beside && bytes < SensibleBytes))
        {
            if (!wishes.Despite.Contains("disk"))
            {
                yield return new("I-111", $"{where}: {DiskText.Size(SensibleBytes)} are the least that is of use. To install all the same, name 'disk' under \"despite\".");
            }
        }
    }

    /// <summary>A boot finds its root by ids that say which release it is: two disks with the same release are one too many.</summary>
    private static IEnumerable<Refusal> OfSameRelease(PcFacts pc, Disk disk, Wishes wishes, Release release) =>
        from other in pc.Disks
        let gone = other != disk ? [] : wishes.Mode is InstallMode.Erase ? disk.Partitions : Unfinished.On(disk)
        where other.Partitions.Except(gone).Any(p => p.Id == release.RootId || p.Id == release.VerityId)
        select new Refusal("I-112", $"{DiskText.Of(other)} has this version of Caisson already, and a PC cannot tell two apart. Erase that disk, or take it out.");

    private static InstallPlan Plan(PcFacts pc, Disk disk, Extent space, Wishes wishes, Release release, PlanIds ids)
    {
        var content = DiskContent.Of(disk);
        var erase = wishes.Mode is InstallMode.Erase;
        return new InstallPlan
        {
            Disk = disk,
            Mode = wishes.Mode,
            DiskId = ids.Disk,
            Replaced = erase ? [] : Unfinished.On(disk),
            Partitions = DiskLayout.Fill(space, release, ids),
            Lost = erase ? content : [],
            Kept = erase ? [] : content,
            Warnings = [.. pc.Missing.Concat(pc.Degraded).Select(note => $"{note.Name}: {note.Reason}"), .. Of(pc, disk)],
        };
    }

    private static IEnumerable<string> Of(PcFacts pc, Disk disk) =>
        disk.Removable ? ["The disk can be taken out: who takes it takes the PC."]
        : pc.Disks.Any(d => d != disk && d.Partitions.Any(p => p.TypeId == DiskLayout.Data)) ? ["Another disk of this PC has a Caisson of another version; it stays, and its boot entry too."]
        : [];
}
