using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Caisson.Chunks;

/// <summary>A region of the old disk and how many samples it shares with some new bytes.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SimilarRegion(long Offset, int Votes);

/// <summary>
/// Finds regions of an old disk that resemble some new bytes: a rolling hash over 64 bytes, kept at one position in 256 or fewer, points to the
/// 64 KiB region it was seen in first. Positions are chosen by the hash itself, so they match however far the bytes have moved.
/// </summary>
public sealed class SimilarityIndex
{
    private const int RegionShift = 16;
    private const int Probes = 4;
    private const int MaxSlots = 1 << 24;

    private static readonly ulong[] Gear = MakeGear();

    private readonly ulong[] _slots;
    private readonly int _sampleShift;

    /// <param name="dataBytes">Bytes that will be added; decides how densely they are sampled: at most 128 MiB of table.</param>
    public SimilarityIndex(long dataBytes)
    {
        var samples = Math.Clamp(dataBytes / 256, 1024, MaxSlots / 2);
        _slots = new ulong[BitOperations.RoundUpToPowerOf2((ulong)samples * 2)];
        _sampleShift = 64 - Math.Max(8, BitOperations.Log2((ulong)Math.Max(dataBytes / (MaxSlots / 2), 1)));
    }

    /// <summary>Adds a run of the old disk.</summary>
    public void Add(long offset, ReadOnlySpan<byte> bytes)
    {
        var hash = 0UL;
        for (var at = 0; (at = NextSample(bytes, at, ref hash)) < bytes.Length; at++)
        {
            Insert(hash, (uint)((offset + at) >> RegionShift));
        }
    }

    /// <summary>Regions that share most with some new bytes, best first, and how many samples each shares.</summary>
    public IReadOnlyList<SimilarRegion> Find(ReadOnlySpan<byte> bytes, int most)
    {
        var votes = new Dictionary<uint, int>();
        var hash = 0UL;
        for (var at = 0; (at = NextSample(bytes, at, ref hash)) < bytes.Length; at++)
        {
            if (Lookup(hash) is { } region)
            {
                votes[region] = votes.GetValueOrDefault(region) + 1;
            }
        }

        return [.. votes.OrderByDescending(vote => vote.Value).ThenBy(vote => vote.Key).Take(most).Select(vote => new SimilarRegion((long)vote.Key << RegionShift, vote.Value))];
    }

    /// <summary>The next position at or after <paramref name="at"/> that is kept; the length where there is none. The hot loop of a delta's making.</summary>
    private int NextSample(ReadOnlySpan<byte> bytes, int at, ref ulong hash)
    {
        ref var gear = ref MemoryMarshal.GetArrayDataReference(Gear);
        var (rolled, shift) = (hash, _sampleShift);
        for (; at < bytes.Length; at++)
        {
            rolled = (rolled << 1) + Unsafe.Add(ref gear, bytes[at]);
            if (rolled >> shift == 0 && at >= 64)
            {
                break;
            }
        }

        hash = rolled;
        return at;
    }

    // A slot: 32 bits of the hash, never zero, and the region's number.
    private void Insert(ulong hash, uint region)
    {
        var (slot, tag) = Locate(hash);
        for (var probe = 0; probe < Probes; probe++, slot = (slot + 1) & (_slots.Length - 1))
        {
            if (_slots[slot] == 0)
            {
                _slots[slot] = ((ulong)tag << 32) | region;
                return;
            }

            if (_slots[slot] >> 32 == tag)
            {
                return;
            }
        }
    }

    private uint? Lookup(ulong hash)
    {
        var (slot, tag) = Locate(hash);
        for (var probe = 0; probe < Probes && _slots[slot] != 0; probe++, slot = (slot + 1) & (_slots.Length - 1))
        {
            if (_slots[slot] >> 32 == tag)
            {
                return (uint)_slots[slot];
            }
        }

        return null;
    }

    private (int Slot, uint Tag) Locate(ulong hash)
    {
        var mixed = hash * 0x9E3779B97F4A7C15;
        mixed ^= mixed >> 29;
        return ((int)(mixed & (ulong)(_slots.Length - 1)), (uint)(mixed >> 32) | 1);
    }

    private static ulong[] MakeGear()
    {
        var gear = new ulong[256];
        var state = 0x43616973736F6E31UL;
        for (var i = 0; i < gear.Length; i++)
        {
            // SplitMix64.
            state += 0x9E3779B97F4A7C15;
            var value = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            gear[i] = value ^ (value >> 31);
        }

        return gear;
    }
}
