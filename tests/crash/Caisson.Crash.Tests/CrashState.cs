namespace Caisson.Crash.Tests;

/// <summary>One way a disk may look after its power went.</summary>
/// <param name="Cut">Entries of the log that had been done when the power went.</param>
/// <param name="Applied">Those of them that had reached the disk, in order.</param>
/// <param name="Torn">For an entry that reached it only in part: which of its sectors did.</param>
internal sealed record CrashState(int Cut, IReadOnlyList<int> Applied, IReadOnlyDictionary<int, bool[]> Torn)
{
    public override string ToString() => $"power lost after write {Cut}, {Applied.Count} on the disk, {Torn.Count} of them torn";
}

/// <summary>
/// Which crash states a log allows: what a flush covers is on the disk; of what came after it, any subset is, each write whole or in part. A write
/// with forced unit access is on the disk once it is done, and covers nothing else.
/// </summary>
internal sealed class CrashStates(IReadOnlyList<LoggedWrite> log, int sectorBytes, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>
    /// A choice of them: first the moments where something had just been promised and nothing unflushed was lucky, then flush boundaries, then chance.
    /// </summary>
    /// <param name="from">The first cut to look at.</param>
    /// <param name="promises">Cuts at which something was promised.</param>
    public IEnumerable<CrashState> Choose(int from, IEnumerable<int> promises, int count)
    {
        var chosen = promises.Append(log.Count).Distinct().Select(cut => Build(cut, _ => false)).Take(count).ToList();
        var flushes = Enumerable.Range(from, log.Count - from).Where(i => log[i].Flags.HasFlag(LogFlags.Flush)).Select(i => i + 1).ToList();
        var boundaries = Math.Min(flushes.Count, (count - chosen.Count) / 2);
        chosen.AddRange(Enumerable.Range(0, boundaries).Select(i => Build(flushes[(int)((long)i * flushes.Count / boundaries)], _ => false)));
        while (chosen.Count < count)
        {
            chosen.Add(BuildByChance(from));
        }

        return chosen;
    }

    private CrashState BuildByChance(int from)
    {
        var luck = _random.Next(4) switch { 0 => 1.0, 1 => 0.9, 2 => 0.5, _ => 0.1 };
        var tear = _random.Next(2) == 0 ? 0 : 0.4;
        var torn = new Dictionary<int, bool[]>();
        var state = Build(_random.Next(from, log.Count + 1), entry =>
        {
            if (_random.NextDouble() >= luck)
            {
                return false;
            }

            if (log[entry].Bytes > sectorBytes && _random.NextDouble() < tear)
            {
                torn[entry] = Tear(log[entry].Bytes / sectorBytes);
            }

            return true;
        });
        return state with { Torn = torn };
    }

    /// <param name="reached">Asked of each write no flush covers.</param>
    private CrashState Build(int cut, Func<int, bool> reached)
    {
        var covered = 0;
        for (var i = cut - 1; i >= 0 && covered == 0; i--)
        {
            covered = log[i].Flags.HasFlag(LogFlags.Flush) ? i : 0;
        }

        var applied = Enumerable.Range(0, cut).Where(i => log[i].Bytes > 0 && (i < covered || log[i].Flags.HasFlag(LogFlags.ForceUnitAccess) || reached(i)));
        return new CrashState(cut, [.. applied], new Dictionary<int, bool[]>());
    }

    /// <summary>The head of it, the tail of it, or sectors by chance.</summary>
    private bool[] Tear(int sectors)
    {
        var (kind, at) = (_random.Next(3), _random.Next(1, Math.Max(2, sectors)));
        return [.. Enumerable.Range(0, sectors).Select(i => kind switch { 0 => i < at, 1 => i >= at, _ => _random.Next(2) == 0 })];
    }
}
