namespace Caisson.Slots;

/// <summary>
/// How a PC's appliance comes to its next version. A function: the same facts give the same step, and after each step it is asked again, so that a
/// power cut anywhere needs no memory of where it was.
/// <code>
///   offered ─► old entry off ─► spare slot filled, read back ─► named ─► new entry on ─► (restart) ─► on trial ─┬─► good: floor raised
///                                                                                                               └─► spent: remembered, refused
/// </code>
/// The entry goes first and comes last: whatever the loader can choose names a slot that is whole.
/// </summary>
public static class UpdateRule
{
    /// <summary>How often the loader tries a new version: once, and once more if that was bad luck.</summary>
    public const int Tries = 2;

    public static UpdateStep Next(UpdateFacts facts) =>
        Failed(facts) ?? Raised(facts) ?? (facts.Offered is { } offered ? Take(facts, offered) : new UpdateStep.Rest(Waiting(facts)));

    /// <summary>The version that the loader tries at the next restart: newer than what runs, with tries left.</summary>
    private static int? Waiting(UpdateFacts facts) => facts.Entries.Where(e => e.Version > facts.Running && !e.IsSpent).Max(e => (int?)e.Version);

    private static UpdateStep.Remember? Failed(UpdateFacts facts) =>
        facts.Entries.FirstOrDefault(e => e.IsSpent && e.Version != facts.Running && facts.Refused.All(r => r.Version != e.Version)) is { } spent
            ? new UpdateStep.Remember(spent.Version, $"Version {spent.Version} was started {Math.Max(spent.TriesDone, 1)} times and did not come up: it stopped, hung, or started again by itself.")
            : null;

    private static UpdateStep.RaiseFloor? Raised(UpdateFacts facts) =>
        facts.IsRunningGood && facts.Floor < facts.Running ? new UpdateStep.RaiseFloor(facts.Running) : null;

    private static UpdateStep Take(UpdateFacts facts, OfferedRelease offered) => Refusal(facts, offered) is { } reason ? new UpdateStep.Refuse(reason)
        : offered.Version == facts.Running ? new UpdateStep.Rest(Waiting(facts))
        : Write(facts, offered);

    private static string? Refusal(UpdateFacts facts, OfferedRelease offered)
    {
        if (offered.Version == facts.Running)
        {
            return null;
        }

        if (facts.Refused.FirstOrDefault(r => r.Version == offered.Version) is { } failed)
        {
            return $"Version {offered.Version} failed on this PC and is not tried again. {failed.Reason} Publish another version.";
        }

        if (offered.Version <= Math.Max(facts.Floor, facts.Running))
        {
            return $"Version {offered.Version} is not newer than version {Math.Max(facts.Floor, facts.Running)}, which was good on this PC. To go back, publish the older system under a higher version.";
        }

        if (offered.Root == facts.RunningRoot)
        {
            return $"Version {offered.Version} has the same root as the version that runs; its slot could not be told from this one.";
        }

        if (offered.RootBytes > facts.Slots.Spare.Root.Bytes || offered.VerityBytes > facts.Slots.Spare.Verity.Bytes)
        {
            return $"Version {offered.Version} needs {offered.RootBytes >> 20} MiB, and a slot of this PC's disk has {facts.Slots.Spare.Root.Bytes >> 20} MiB. Install it anew.";
        }

        return facts.IsRunningGood ? null : $"Version {facts.Running} is on trial: until it was found good, the other slot is what this PC goes back to.";
    }

    private static UpdateStep Write(UpdateFacts facts, OfferedRelease offered)
    {
        var spare = facts.Slots.Spare;
        if (spare.IsNamed(offered.Root) && facts.Entries.Any(e => e.Version == offered.Version))
        {
            return new UpdateStep.Rest(offered.Version); // The entry comes last, so the slot is whole.
        }

        if (facts.Entries.FirstOrDefault(e => e.Version != facts.Running) is { } old)
        {
            return new UpdateStep.RemoveEntry(old);
        }

        if (facts.SpareHolds != offered.Root)
        {
            return new UpdateStep.FillSpare();
        }

        if (!spare.IsNamed(offered.Root))
        {
            return new UpdateStep.NameSpare();
        }

        return offered.KernelBytes + Slack <= facts.EspFreeBytes
            ? new UpdateStep.AddEntry(new BootEntry(offered.Version, Tries))
            : new UpdateStep.Refuse($"The kernel of version {offered.Version} needs {offered.KernelBytes >> 20} MiB, and this PC's EFI system partition has {facts.EspFreeBytes >> 20} MiB free.");
    }

    /// <summary>A full FAT file system also breaks what the firmware and the loader write there.</summary>
    private const long Slack = 4 << 20;
}
