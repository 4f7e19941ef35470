using System.Collections.Immutable;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>What a delta will hold: the new chunks in units, and for each unit the regions of the old disk that resemble it.</summary>
internal sealed class DeltaPlan(ImageIndex oldIndex, ImageIndex newIndex, SimilarityIndex similar)
{
    /// <summary>More regions a chunk cost more reading than they save.</summary>
    private const int RegionsPerChunk = 8;

    private const int RegionBytes = 64 * 1024;

    /// <summary>Of the 128 samples or so of a region; below, it resembles by chance.</summary>
    private const int LeastVotes = 2;

    /// <summary>New chunks, in the order of the new index, some 4 MiB in each unit.</summary>
    public static IReadOnlyList<int[]> Split(ImageIndex newIndex, int[] newChunks)
    {
        var units = new List<int[]>();
        var (first, bytes) = (0, 0);
        for (var i = 0; i < newChunks.Length; i++)
        {
            bytes += newIndex.Chunks[newChunks[i]].Bytes;
            if (bytes >= Limits.UnitTargetBytes || i == newChunks.Length - 1)
            {
                units.Add(newChunks[first..(i + 1)]);
                (first, bytes) = (i + 1, 0);
            }
        }

        return units;
    }

    /// <summary>The regions that share most with the unit's chunks, as runs in the order of the disk.</summary>
    public ImmutableArray<DeltaRegion> RegionsOf(int[] chunks, ReadOnlySpan<byte> plain)
    {
        var votes = new Dictionary<long, int>();
        foreach (var chunk in chunks)
        {
            var bytes = newIndex.Chunks[chunk].Bytes;
            foreach (var region in similar.Find(plain[..bytes], RegionsPerChunk))
            {
                votes[region.Offset] = votes.GetValueOrDefault(region.Offset) + region.Votes;
            }

            plain = plain[bytes..];
        }

        const int most = Limits.MaxUnitReferenceBytes / RegionBytes;
        return Join(votes.Where(vote => vote.Value >= LeastVotes).OrderByDescending(vote => vote.Value).ThenBy(vote => vote.Key).Take(most).Select(vote => vote.Key).Order());
    }

    private ImmutableArray<DeltaRegion> Join(IEnumerable<long> starts)
    {
        var regions = ImmutableArray.CreateBuilder<DeltaRegion>();
        foreach (var start in starts)
        {
            var bytes = (int)Math.Min(RegionBytes, oldIndex.ImageBytes - start);
            if (regions.Count > 0 && regions[^1].Offset + regions[^1].Bytes == start)
            {
                regions[^1] = regions[^1] with { Bytes = regions[^1].Bytes + bytes };
            }
            else
            {
                regions.Add(new DeltaRegion(start, bytes));
            }
        }

        return regions.ToImmutable();
    }
}
