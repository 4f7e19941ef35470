using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Caisson.Chunks;

/// <summary>A region of the old disk and how many samples it shares with some new bytes.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SimilarRegion(long Offset, int Votes);

/// <summary>
/// Finds regions of an old disk that resemble some new bytes: <see cref="ContentSamples"/> of the old point to the 64 KiB region each was seen in first.
/// </summary>
public sealed class SimilarityIndex
{
    private const int RegionShift = 16;
    private const int Probes = 4;

    /// <summary>One position in 512: some 128 of a region.</summary>
    private const int LeastSparseness = 9;

    private const int MaxSlots = 1 << 23;

    private readonly ulong[] _slots;
    private readonly int _sparseness;

    /// <param name="dataBytes">Bytes that will be added; decides how densely they are sampled: at most 64 MiB of table.</param>
    public SimilarityIndex(long dataBytes)
    {
        var samples = Math.Clamp((dataBytes >> LeastSparseness), 1024, MaxSlots / 2);
        _slots = new ulong[BitOperations.RoundUpToPowerOf2((ulong)samples * 2)];
        _sparseness = Math.Max(LeastSparseness, BitOperations.Log2((ulong)Math.Max(dataBytes / (MaxSlots / 2), 1)));
    }

    /// <summary>Adds a run of the old disk.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(long offset, ReadOnlySpan<byte> bytes)
    {
        var samples = new ContentSamples(bytes, _sparseness);
        while (samples.Next(out var at, out var hash))
        {
            Insert(hash, (uint)((offset + at) >> RegionShift));
        }
    }

    /// <summary>Regions that share most with some new bytes, best first, and how many samples each shares.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public IReadOnlyList<SimilarRegion> Find(ReadOnlySpan<byte> bytes, int most)
    {
        var votes = new Dictionary<uint, int>();
        var samples = new ContentSamples(bytes, _sparseness);
        while (samples.Next(out _, out var hash))
        {
            if (Lookup(hash) is { } region)
            {
                votes[region] = votes.GetValueOrDefault(region) + 1;
            }
        }

        return [.. votes.OrderByDescending(vote => vote.Value).ThenBy(vote => vote.Key).Take(most).Select(vote => new SimilarRegion((long)vote.Key << RegionShift, vote.Value))];
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
}
