using Caisson.FileSystems;

namespace Caisson.Slots.Tests;

internal static class Sample
{
    public static RootHash Hash(int version) => RootHash.TryParse(string.Concat(Enumerable.Repeat($"{version:x2}", 32)))!;

    /// <summary>Slot A or B, with the ids of a version; 0: those of none.</summary>
    public static Slot Slot(char letter, int version)
    {
        var (number, at) = letter == 'A' ? (2, 1L << 20) : (4, 3L << 20);
        return new Slot(
            new Partition(number, at, 1 << 20, "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", Name(version)) { Id = Hash(version).RootId },
            new Partition(number + 1, at + (1 << 20), 1 << 16, "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5", Name(version)) { Id = Hash(version).VerityId });
    }

    /// <summary>Version 5 runs from slot A and is good; slot B is empty.</summary>
    public static UpdateFacts Facts(params BootEntry[] entries) => new()
    {
        Running = 5,
        RunningRoot = Hash(5),
        Floor = 5,
        Refused = [],
        Entries = entries.Length > 0 ? entries : [new BootEntry(5)],
        Slots = new SlotPair(Slot('A', 5), Slot('B', 0)),
        EspFreeBytes = 1 << 30,
    };

    public static OfferedRelease Release(int version) => new(version, Hash(version), 1 << 20, 1 << 14, 1 << 20);

    private static string Name(int version) => version == 0 ? SlotPair.EmptyName : $"caisson_{version}";
}
