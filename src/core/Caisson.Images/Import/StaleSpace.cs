using Caisson.FileSystems;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Images;

/// <summary>
/// Ranges of a raw disk whose bytes mean nothing: free space of its file systems, swap space. What lies there is left of deleted files; it is
/// stored and sent like the rest unless it is left out. Nothing counts as free on the word of a file system that was not cleanly unmounted,
/// contradicts itself or is not read.
/// </summary>
internal sealed class StaleSpace
{
    private readonly List<ByteRange> _ranges = [];
    private readonly List<string> _notLookedInto = [];

    /// <summary>In order, without overlap.</summary>
    public IReadOnlyList<ByteRange> Ranges => _ranges;

    /// <summary>A sentence for each partition whose free space is not known.</summary>
    public IReadOnlyList<string> NotLookedInto => _notLookedInto;

    /// <summary>At least one file system was read.</summary>
    public bool IsKnown { get; private set; }

    public static StaleSpace Find(SafeFileHandle raw)
    {
        var (found, disk) = (new StaleSpace(), new DiskFile(raw));
        found.Guarded("The disk", () =>
        {
            foreach (var partition in PartitionTable.Read(disk).OrderBy(partition => partition.Offset))
            {
                found.Guarded(partition.Number == 0 ? "The disk" : $"Partition {partition.Number}", () => found.Add(partition, partition.On(disk)));
            }
        });
        return found;
    }

    /// <summary>What lies in these ranges in the image that was imported from this disk.</summary>
    public ImportedFreeSpace Measure(ImportedIndex index)
    {
        var (bytes, stored, range, nextNew) = (0L, 0.0, 0, 0);
        index.ForEachExtent((offset, chunk) =>
        {
            // Chunks are numbered by their first use, and stored once.
            var isNew = chunk == nextNew;
            nextNew += isNew ? 1 : 0;
            var (chunkBytes, storedPerByte) = index.Chunk(chunk);
            var stale = Overlap(offset, offset + chunkBytes, ref range);
            bytes += stale;
            stored += isNew ? stale * storedPerByte : 0;
        });
        return new ImportedFreeSpace(IsKnown, bytes, (long)stored, 0, _notLookedInto);
    }

    private long Overlap(long start, long end, ref int next)
    {
        while (next < _ranges.Count && _ranges[next].End <= start)
        {
            next++;
        }

        var overlap = 0L;
        for (var i = next; i < _ranges.Count && _ranges[i].Offset < end; i++)
        {
            overlap += Math.Min(_ranges[i].End, end) - Math.Max(_ranges[i].Offset, start);
        }

        return overlap;
    }

    private void Add(Partition partition, IReadableDisk part)
    {
        // Partitions of a hostile table may overlap; free in one is not free in the other.
        var whole = new ByteRange(partition.Offset, partition.Bytes);
        if (_ranges.Count > 0 && _ranges[^1].End > whole.Offset)
        {
            throw new FileSystemException(FileSystemFault.Damaged, "It overlaps another partition.");
        }

        var kind = Recognition.Of(part);
        if (FileSystem.TryOpen(part) is { } system)
        {
            IsKnown = system.Unclean is { } unclean ? throw new FileSystemException(FileSystemFault.NotSupported, unclean) : true;
        }
        else if (kind is not (FileSystemKind.Unknown or FileSystemKind.Swap))
        {
            throw new FileSystemException(FileSystemFault.NotSupported, $"It holds {Recognition.NameOf(kind)}, which is not read.");
        }

        // To a list first: a bitmap found damaged half-way frees nothing.
        _ranges.AddRange(FileSystem.MeaninglessRanges(part).Select(range => range with { Offset = partition.Offset + range.Offset }).Take(ReadLimits.MaxFreeRanges - _ranges.Count).ToList());
    }

    private void Guarded(string subject, Action look)
    {
        try
        {
            look();
        }
        catch (FileSystemException e)
        {
            _notLookedInto.Add($"{subject}: free space is not known. {e.Message}");
        }
    }
}
