namespace Caisson.FileSystems.Ext;

/// <summary>
/// Free blocks as the block bitmaps give them (kernel: bitmaps.rst). Whatever a bitmap says, superblocks, descriptors, bitmaps and inode
/// tables are never free; a bitmap that contradicts its own group's count or checksum is not believed, nor is any other then.
/// </summary>
internal sealed class ExtFreeSpace(IReadableDisk disk, ExtSuperblock super, ExtGroup[] groups)
{
    private readonly byte[] _bitmap = new byte[super.BlockBytes];

    /// <exception cref="FileSystemException">Damaged; not supported: clusters larger than blocks.</exception>
    public IEnumerable<ByteRange> Read()
    {
        if (super.HasClusters)
        {
            throw FileSystemException.NotSupported("Its ext file system counts free space in clusters (bigalloc), which is not read here.");
        }

        var count = 0;
        var taken = new TakenBlocks(Metadata());
        foreach (var free in Joined(Enumerable.Range(0, groups.Length).SelectMany(FreeIn)).SelectMany(taken.Without))
        {
            if (++count > ReadLimits.MaxFreeRanges)
            {
                yield break;
            }

            yield return new ByteRange(free.Block << super.BlockShift, free.Count << super.BlockShift);
        }
    }

    private IEnumerable<(long Block, long Count)> FreeIn(int number)
    {
        var (first, blocks) = (super.FirstBlockOf(number), super.BlocksIn(number));
        if (groups[number].HasNoBlockBitmap && HasGroupChecksums)
        {
            return [(first, blocks)];
        }

        disk.Read(groups[number].BlockBitmap << super.BlockShift, _bitmap);
        Check(number, blocks);
        return FreeBits(first, (int)blocks);
    }

    private bool HasGroupChecksums => super.ReadOnly.HasFlag(ReadOnlyFeatures.GroupChecksums) || super.ReadOnly.HasFlag(ReadOnlyFeatures.MetadataChecksums);

    private void Check(int number, long blocks)
    {
        var group = groups[number];
        var free = 0u;
        for (var i = 0; i < blocks; i++)
        {
            free += IsFree(i) ? 1u : 0;
        }

        if (free != group.FreeBlocks)
        {
            throw FileSystemException.Damaged($"Block group {number} has {free} free blocks where its descriptor counts {group.FreeBlocks}; run e2fsck on the disk.");
        }

        if (super.ReadOnly.HasFlag(ReadOnlyFeatures.MetadataChecksums))
        {
            var mask = super.DescriptorBytes >= 64 ? uint.MaxValue : ushort.MaxValue;
            if ((Checksums.Crc32C(super.ChecksumSeed, _bitmap.AsSpan(0, (int)super.ClustersPerGroup / 8)) & mask) != group.BlockBitmapChecksum)
            {
                throw FileSystemException.Damaged($"The block bitmap of group {number} has a wrong checksum; run e2fsck on the disk.");
            }
        }
    }

    private List<(long Block, long Count)> FreeBits(long first, int blocks)
    {
        var runs = new List<(long, long)>();
        for (var i = 0; i < blocks;)
        {
            var start = i;
            while (i < blocks && IsFree(i))
            {
                i++;
            }

            if (i > start)
            {
                runs.Add((first + start, i - start));
            }
            else
            {
                i++;
            }
        }

        return runs;
    }

    private bool IsFree(int bit) => (_bitmap[bit >> 3] & (1 << (bit & 7))) == 0;

    private static IEnumerable<(long Block, long Count)> Joined(IEnumerable<(long Block, long Count)> runs)
    {
        (long Block, long Count) open = default;
        foreach (var run in runs)
        {
            if (open.Count > 0 && open.Block + open.Count == run.Block)
            {
                open.Count += run.Count;
                continue;
            }

            if (open.Count > 0)
            {
                yield return open;
            }

            open = run;
        }

        if (open.Count > 0)
        {
            yield return open;
        }
    }

    /// <summary>What every file system has: never free.</summary>
    private List<(long Block, long Count)> Metadata()
    {
        var tableBlocks = (((long)super.InodesPerGroup * super.InodeBytes) + super.BlockBytes - 1) >> super.BlockShift;
        var descriptorBlocks = (groups.Length + super.DescriptorsPerBlock - 1) / super.DescriptorsPerBlock;
        var isSpread = super.Has(IncompatibleFeatures.MetaBlockGroups);
        var inFront = 1L + (isSpread ? Math.Min(super.FirstMetaGroup, descriptorBlocks) : descriptorBlocks) + super.ReservedDescriptorBlocks;
        var taken = new List<(long, long)> { (0, super.FirstBlock) };
        for (var number = 0; number < groups.Length; number++)
        {
            taken.Add((groups[number].BlockBitmap, 1));
            taken.Add((groups[number].InodeBitmap, 1));
            taken.Add((groups[number].InodeTable, tableBlocks));

            // Descriptors that are spread, and their copies, stand in the first, second and last group of a meta group.
            var (meta, place) = Math.DivRem(number, super.DescriptorsPerBlock);
            var own = isSpread && meta >= super.FirstMetaGroup && (place is 0 or 1 || place == super.DescriptorsPerBlock - 1) ? 1 : 0;
            taken.Add((super.FirstBlockOf(number), Math.Min((super.HasSuperblock(number) ? inFront : 0) + own, super.BlocksIn(number))));
        }

        return taken;
    }

    /// <summary>Cuts ordered pieces out of ordered pieces, in one pass.</summary>
    private sealed class TakenBlocks
    {
        private readonly List<(long Block, long Count)> _taken;
        private int _next;

        public TakenBlocks(List<(long Block, long Count)> taken)
        {
            taken.Sort();
            _taken = taken;
        }

        public IEnumerable<(long Block, long Count)> Without((long Block, long Count) free)
        {
            var (at, end) = (free.Block, free.Block + free.Count);
            while (at < end)
            {
                while (_next < _taken.Count && _taken[_next].Block + _taken[_next].Count <= at)
                {
                    _next++;
                }

                var stop = _next < _taken.Count ? Math.Clamp(_taken[_next].Block, at, end) : end;
                if (stop > at)
                {
                    yield return (at, stop - at);
                }

                at = stop < end ? Math.Min(end, _taken[_next].Block + _taken[_next].Count) : end;
            }
        }
    }
}
