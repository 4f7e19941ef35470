using System.Collections.Immutable;
using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// In which order boots of a generation read its disk: chunks by id, with the place they had. Only ever a hint for the order of fetching: a wrong or
/// hostile one costs time, never a byte. The byte form is in <see cref="BootProfileFormat"/>.
/// </summary>
/// <param name="Boots">How many boots it was made from.</param>
/// <param name="Entries">Each id once.</param>
public sealed record BootProfile(int Boots, ImmutableArray<ContentEntry> Entries)
{
    /// <summary>A chunk of a boot is 64 KiB on average: room for a boot that reads 4 GiB.</summary>
    public const int MaxEntries = 1 << 16;

    /// <summary>Enough to even out what differs from PC to PC; a server takes no more.</summary>
    public const int EnoughBoots = 4;

    /// <summary>A profile may send at most this share of an image ahead, so that a hostile one cannot hold demand reads for long.</summary>
    private const int LargestShare = 4;

    private const long SmallImageBytes = 32L << 20;

    /// <summary>The chunks at these places of a disk, in their order.</summary>
    internal static BootProfile Of(ImageIndex index, IEnumerable<long> offsets, int grainBytes)
    {
        var entries = ImmutableArray.CreateBuilder<ContentEntry>();
        var known = new HashSet<int>();
        foreach (var offset in offsets)
        {
            foreach (var extent in index.ExtentsIn(offset, grainBytes))
            {
                var (place, chunk) = index.Extents[extent];
                if (entries.Count < MaxEntries && known.Add(chunk))
                {
                    entries.Add(new ContentEntry(place, index.Chunks[chunk].Bytes, index.Chunks[chunk].Id));
                }
            }
        }

        return new BootProfile(1, entries.ToImmutable());
    }

    /// <summary>This profile and another of the same disk: each chunk at its mean place in the order, weighed by boots; one a profile lacks counts as its last.</summary>
    public BootProfile With(BootProfile other)
    {
        var places = new Dictionary<ChunkId, (ContentEntry Entry, double Place)>();
        Add(this, other.Entries.Length);
        Add(other, Entries.Length);
        return new BootProfile(Math.Min(Boots + other.Boots, BootProfileFormat.MaxBoots), [.. places.Values.OrderBy(p => p.Place).Take(MaxEntries).Select(p => p.Entry)]);

        // Every chunk starts as the last of the profile that lacks it.
        void Add(BootProfile profile, int lastOfOther)
        {
            var (own, others) = ((double)profile.Boots, Boots + other.Boots - profile.Boots);
            for (var place = 0; place < profile.Entries.Length; place++)
            {
                var entry = profile.Entries[place];
                places[entry.Id] = places.TryGetValue(entry.Id, out var known)
                    ? (entry, known.Place + (own * (place - profile.Entries.Length)))
                    : (entry, (own * place) + ((double)others * lastOfOther));
            }
        }
    }

    /// <summary>
    /// The frames of an image in the order to fetch them; also of another generation than the one it was learned from: by id where the chunk is
    /// still there, by place where it has changed.
    /// </summary>
    internal IReadOnlyList<int> FramesIn(ImageIndex index)
    {
        var chunks = new Dictionary<ChunkId, int>(index.Chunks.Length);
        for (var chunk = 0; chunk < index.Chunks.Length; chunk++)
        {
            chunks.Add(index.Chunks[chunk].Id, chunk);
        }

        var frames = new List<int>();
        var known = new HashSet<int>();
        var left = Math.Max(index.Frames.Sum(frame => (long)frame.StoredBytes) / LargestShare, SmallImageBytes);
        foreach (var entry in Entries)
        {
            var found = chunks.TryGetValue(entry.Id, out var number)
                ? [number]
                : index.ExtentsIn(entry.Offset, entry.Bytes).Select(extent => index.Extents[extent].Chunk);
            foreach (var frame in found.Select(chunk => index.Chunks[chunk].Frame))
            {
                if (known.Add(frame) && (left -= index.Frames[frame].StoredBytes) >= 0)
                {
                    frames.Add(frame);
                }
            }
        }

        return frames;
    }
}
