using System.Collections.Immutable;

namespace Caisson.Slots.Tests;

/// <summary>
/// A PC as far as versions of its appliance go: two slots, the ESP, and what is remembered. Immutable, so that the state a power cut leaves is just
/// another value. <see cref="Holds"/> is null for a slot that was cut in the middle of a write.
/// </summary>
internal sealed record SimulatedPc
{
    /// <summary>What each slot's bytes are: a version, or torn.</summary>
    public ImmutableArray<int?> Holds { get; init; } = [5, null];

    /// <summary>Which version each slot's partitions are named after; 0 is none.</summary>
    public ImmutableArray<int> Names { get; init; } = [5, 0];

    public ImmutableList<BootEntry> Esp { get; init; } = [new BootEntry(5)];

    public int Floor { get; init; } = 5;

    public ImmutableList<RefusedVersion> Refused { get; init; } = [];

    public int Running { get; init; } = 5;

    /// <summary>Known to the process that writes, gone with the power.</summary>
    public RootHash? SpareHolds { get; init; }

    private int Spare => Names[0] == Running ? 1 : 0;

    public UpdateFacts Facts(int? offered) => new()
    {
        Running = Running,
        RunningRoot = Sample.Hash(Running),
        Floor = Floor,
        Refused = Refused,
        Entries = Esp,
        Slots = new SlotPair(Sample.Slot("AB"[1 - Spare], Running), Sample.Slot("AB"[Spare], Names[Spare])),
        EspFreeBytes = 1 << 30,
        SpareHolds = SpareHolds,
        Offered = offered is { } version ? Sample.Release(version) : null,
    };

    /// <summary>Every state the disk may be in while a step is carried out; the last is the step done.</summary>
    public IReadOnlyList<SimulatedPc> During(UpdateStep step, int offered) => step switch
    {
        UpdateStep.Remember(var version, var reason) => [this, this with { Refused = Refused.Add(new RefusedVersion(version, reason, default)) }],
        UpdateStep.RaiseFloor(var to) => [this, this with { Floor = to }],
        UpdateStep.RemoveEntry(var entry) => [this, this with { Esp = Esp.Remove(entry) }],
        UpdateStep.FillSpare => [this, this with { Holds = Holds.SetItem(Spare, null) }, this with { Holds = Holds.SetItem(Spare, offered), SpareHolds = Sample.Hash(offered) }],
        UpdateStep.NameSpare => [this, this with { Names = Names.SetItem(Spare, offered) }],
        UpdateStep.AddEntry(var entry) => [this, this with { Esp = Esp.Add(entry) }],
        _ => [this],
    };

    /// <summary>The entry the loader takes: tries left before none, then the higher version (systemd-boot's order).</summary>
    public BootEntry Choice => Esp.OrderBy(e => e.IsSpent).ThenByDescending(e => e.Version).First();

    /// <summary>Whether the chosen kernel finds its root whole.</summary>
    public bool IsChoiceWhole => Names.IndexOf(Choice.Version) is >= 0 and var slot && Holds[slot] == Choice.Version;

    /// <summary>Power on: the loader counts, and a version that is no good never comes up.</summary>
    public SimulatedPc Boot(Func<int, bool> isGood)
    {
        var pc = this with { SpareHolds = null };
        for (var starts = 0; starts < 10; starts++)
        {
            var entry = pc.Choice;
            var counted = entry.TriesLeft is { } left ? entry with { TriesLeft = Math.Max(left - 1, 0), TriesDone = entry.TriesDone + 1 } : entry;
            pc = pc with { Esp = pc.Esp.Replace(entry, counted) };
            if (pc.IsChoiceOf(counted) && isGood(counted.Version))
            {
                return pc with { Running = counted.Version, Esp = pc.Esp.Replace(counted, new BootEntry(counted.Version)) };
            }
        }

        throw new InvalidOperationException("This PC does not start any more.");
    }

    private bool IsChoiceOf(BootEntry entry) => Names.IndexOf(entry.Version) is >= 0 and var slot && Holds[slot] == entry.Version;
}
