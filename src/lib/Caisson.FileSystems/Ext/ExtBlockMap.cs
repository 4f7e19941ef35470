namespace Caisson.FileSystems.Ext;

/// <summary>
/// Where a file's blocks lie: the extent tree (kernel: ifork.rst), or the old map of direct and up to three times indirect blocks. Both are
/// walked in the order of the file; a tree must rise at every step, so it has no loops, and what is looked at is counted.
/// </summary>
internal sealed class ExtBlockMap(IReadableDisk disk, ExtSuperblock super, ExtInode inode)
{
    private const int ExtentBytes = 12;
    private const int MaxDepth = 5;
    private const int DirectBlocks = 12;
    private const int MaxWrittenExtent = 32768;

    private int _mapBlocks;
    private int _runs;

    /// <summary>Pieces in blocks of the file system, in the order of the file; unwritten ones, which read as zero, are left out.</summary>
    public IEnumerable<(long Block, long DiskBlock, long Count)> Read() => Counted(inode.UsesExtents ? ReadExtents() : Joined(ReadOldMap()));

    private IEnumerable<(long Block, long DiskBlock, long Count)> Counted(IEnumerable<(long Block, long DiskBlock, long Count)> runs)
    {
        foreach (var run in runs)
        {
            if (++_runs > ReadLimits.MaxRunsPerFile)
            {
                throw FileSystemException.TooLarge($"Inode {inode.Number} lies in more than {ReadLimits.MaxRunsPerFile} pieces.");
            }

            yield return run;
        }
    }

    private IEnumerable<(long Block, long DiskBlock, long Count)> ReadExtents()
    {
        var root = inode.BlockMap.ToArray();
        return ReadNode(root, root.U16(6), new Progress());
    }

    private IEnumerable<(long Block, long DiskBlock, long Count)> ReadNode(byte[] node, int depth, Progress progress)
    {
        int entries = node.U16(2);
        if (node.U16(0) != 0xf30a || depth > MaxDepth || node.U16(6) != depth || entries > (node.Length / ExtentBytes) - 1 || (entries == 0 && node.Length != ExtInode.BlockMapBytes))
        {
            throw Damaged();
        }

        for (var i = 1; i <= entries; i++)
        {
            var at = i * ExtentBytes;
            if (depth > 0)
            {
                var child = ReadMapBlock(node.U32(at + 4) | ((long)node.U16(at + 8) << 32));
                foreach (var run in ReadNode(child, depth - 1, progress))
                {
                    yield return run;
                }

                continue;
            }

            var (block, count, diskBlock) = ((long)node.U32(at), (int)node.U16(at + 4), ((long)node.U16(at + 6) << 32) | node.U32(at + 8));
            var isWritten = count <= MaxWrittenExtent;
            count = isWritten ? count : count - MaxWrittenExtent;
            if (count == 0 || block < progress.Next || !IsInside(diskBlock, count))
            {
                throw Damaged();
            }

            progress.Next = block + count;
            if (isWritten)
            {
                yield return (block, diskBlock, count);
            }
        }
    }

    /// <summary>Single blocks that follow each other on the disk, as one piece.</summary>
    private static IEnumerable<(long Block, long DiskBlock, long Count)> Joined(IEnumerable<(long Block, long DiskBlock)> blocks)
    {
        (long Block, long DiskBlock, long Count) run = default;
        foreach (var (block, diskBlock) in blocks)
        {
            if (run.Count > 0 && block == run.Block + run.Count && diskBlock == run.DiskBlock + run.Count)
            {
                run.Count++;
                continue;
            }

            if (run.Count > 0)
            {
                yield return run;
            }

            run = (block, diskBlock, 1);
        }

        if (run.Count > 0)
        {
            yield return run;
        }
    }

    private IEnumerable<(long Block, long DiskBlock)> ReadOldMap()
    {
        var root = inode.BlockMap.ToArray();
        var total = (inode.Size + super.BlockBytes - 1) >> super.BlockShift;
        for (var i = 0; i < DirectBlocks && i < total; i++)
        {
            if (root.U32(i * 4) is not 0 and var direct)
            {
                yield return (i, Checked(direct));
            }
        }

        var perBlock = super.BlockBytes / 4L;
        var (start, span) = ((long)DirectBlocks, perBlock);
        for (var level = 1; level <= 3 && start < total; level++)
        {
            if (root.U32((DirectBlocks + level - 1) * 4) is not 0 and var top)
            {
                foreach (var block in ReadIndirect(top, level, start, span, total))
                {
                    yield return block;
                }
            }

            start += span;
            span *= perBlock;
        }
    }

    /// <param name="span">Blocks of the file this one stands for.</param>
    private IEnumerable<(long Block, long DiskBlock)> ReadIndirect(uint at, int level, long start, long span, long total)
    {
        var map = ReadMapBlock(at);
        var each = span / (super.BlockBytes / 4);
        for (var i = 0; i < map.Length / 4 && start + (i * each) < total; i++)
        {
            var next = map.U32(i * 4);
            if (next == 0)
            {
                continue;
            }

            if (level == 1)
            {
                yield return (start + i, Checked(next));
                continue;
            }

            foreach (var block in ReadIndirect(next, level - 1, start + (i * each), each, total))
            {
                yield return block;
            }
        }
    }

    private byte[] ReadMapBlock(long block)
    {
        if (++_mapBlocks > ReadLimits.MaxMapBlocksPerFile)
        {
            throw FileSystemException.TooLarge($"The block map of inode {inode.Number} has more than {ReadLimits.MaxMapBlocksPerFile} blocks.");
        }

        if (!IsInside(block, 1))
        {
            throw Damaged();
        }

        var bytes = new byte[super.BlockBytes];
        disk.Read(block << super.BlockShift, bytes);
        return bytes;
    }

    private long Checked(uint block) => IsInside(block, 1) ? block : throw Damaged();

    private bool IsInside(long block, long count) => block > 0 && block <= super.Blocks - count;

    private FileSystemException Damaged() => FileSystemException.Damaged($"The block map of inode {inode.Number} is damaged.");

    /// <summary>How far the walk has come in the file.</summary>
    private sealed class Progress
    {
        public long Next { get; set; }
    }
}
