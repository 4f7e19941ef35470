using System.Text;

namespace Caisson.FileSystems.Ext;

/// <summary>
/// ext2, ext3 and ext4, read as they lie on the disk: a journal that waits to be replayed is left alone, and said
/// (<see cref="Unclean"/>). Extended attributes, quotas and checksums of inodes are not looked at.
/// </summary>
public sealed class ExtFileSystem : IFileSystem
{
    private const uint RootInode = 2;

    private readonly IReadableDisk _disk;
    private readonly ExtSuperblock _super;
    private readonly ExtGroup[] _groups;

    /// <exception cref="FileSystemException">Damaged, too large or with features that are not read.</exception>
    public ExtFileSystem(IReadableDisk disk)
    {
        _disk = disk;
        _super = ExtSuperblock.Read(disk);
        _groups = ExtGroups.Read(disk, _super);
        Root = Inode(RootInode).ToNode();
        if (Root.Kind != FileKind.Directory)
        {
            throw FileSystemException.Damaged("The root of the file system is no directory.");
        }
    }

    public FileSystemKind Kind => FileSystemKind.Ext;

    public FileNode Root { get; }

    public string? Unclean => _super.Unclean;

    public IReadOnlyList<NamedFile> List(FileNode directory)
    {
        var found = new List<(string Name, uint Inode)>();
        void Take(string name, uint inode)
        {
            if (found.Count == ReadLimits.MaxNamesPerDirectory)
            {
                throw FileSystemException.TooLarge($"A directory has more than {ReadLimits.MaxNamesPerDirectory} names.");
            }

            found.Add((name, inode));
        }

        var inode = Inode(directory);
        if (inode.IsInline)
        {
            // The first four bytes are the parent's number; the names stand in two regions.
            ExtDirectory.ReadBlock(inode.BlockMap[4..], _super.Inodes, Take);
            ExtDirectory.ReadBlock(inode.InlineRest(), _super.Inodes, Take);
        }
        else
        {
            ReadBlocks(inode, Take);
        }

        found.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return found.ConvertAll(entry => new NamedFile(entry.Name, Inode(entry.Inode).ToNode()));
    }

    public IEnumerable<FileRun>? Runs(FileNode file)
    {
        var inode = Inode(file);
        return inode.IsInline ? null : new ExtBlockMap(_disk, _super, inode).Read()
            .TakeWhile(run => run.Block << _super.BlockShift < inode.Size)
            .Select(run => new FileRun(run.Block << _super.BlockShift, run.DiskBlock << _super.BlockShift, run.Count << _super.BlockShift));
    }

    public void Read(FileNode file, long offset, Span<byte> buffer)
    {
        buffer.Clear();
        var inode = Inode(file);
        if (inode.IsInline)
        {
            ReadInline(inode, offset, buffer);
            return;
        }

        foreach (var run in Runs(file)!)
        {
            var (from, to) = (Math.Max(run.Offset, offset), Math.Min(run.Offset + run.Bytes, offset + buffer.Length));
            if (run.Offset >= offset + buffer.Length)
            {
                return;
            }

            if (from < to)
            {
                _disk.Read(run.DiskOffset + (from - run.Offset), buffer.Slice((int)(from - offset), (int)(to - from)));
            }
        }
    }

    public string ReadLink(FileNode link)
    {
        if (link.Bytes > ReadLimits.MaxLinkBytes)
        {
            throw FileSystemException.Damaged($"Inode {link.Id} is a symbolic link of {link.Bytes} bytes.");
        }

        var target = new byte[(int)link.Bytes];
        var inode = Inode(link);
        if (!inode.IsInline && !inode.UsesExtents && target.Length < ExtInode.BlockMapBytes)
        {
            inode.BlockMap[..target.Length].CopyTo(target);
        }
        else
        {
            Read(link, 0, target);
        }

        return Encoding.Latin1.GetString(target);
    }

    public IEnumerable<ByteRange> FreeRanges() => new ExtFreeSpace(_disk, _super, _groups).Read();

    private void ReadBlocks(ExtInode inode, Action<string, uint> take)
    {
        if (inode.Size > ReadLimits.MaxDirectoryBytes)
        {
            throw FileSystemException.TooLarge($"A directory is larger than {ReadLimits.MaxDirectoryBytes} bytes.");
        }

        var block = new byte[_super.BlockBytes];
        foreach (var run in new ExtBlockMap(_disk, _super, inode).Read())
        {
            for (var i = 0L; i < run.Count && (run.Block + i) << _super.BlockShift < inode.Size; i++)
            {
                _disk.Read((run.DiskBlock + i) << _super.BlockShift, block);
                ExtDirectory.ReadBlock(block, _super.Inodes, take);
            }
        }
    }

    private static void ReadInline(ExtInode inode, long offset, Span<byte> buffer)
    {
        var content = new byte[ExtInode.BlockMapBytes + inode.InlineRest().Length];
        inode.BlockMap.CopyTo(content);
        inode.InlineRest().CopyTo(content.AsSpan(ExtInode.BlockMapBytes));
        if (offset < content.Length)
        {
            var there = content.AsSpan((int)offset);
            there[..Math.Min(there.Length, buffer.Length)].CopyTo(buffer);
        }
    }

    private ExtInode Inode(FileNode file) => Inode(checked((uint)file.Id));

    private ExtInode Inode(uint number)
    {
        if (number == 0 || number > _super.Inodes)
        {
            throw FileSystemException.Damaged($"A name leads to inode {number}, which there is not.");
        }

        var group = _groups[(number - 1) / _super.InodesPerGroup];
        var bytes = new byte[_super.InodeBytes];
        _disk.Read((group.InodeTable << _super.BlockShift) + ((number - 1) % _super.InodesPerGroup * (long)_super.InodeBytes), bytes);
        return new ExtInode(number, bytes);
    }
}
