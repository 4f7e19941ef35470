namespace Caisson.FileSystems.Fat;

/// <summary>FAT12, FAT16 and FAT32: what an EFI system partition is.</summary>
public sealed class FatFileSystem : IFileSystem
{
    /// <summary>FAT's own limit for one directory (65,536 entries).</summary>
    private const int MaxDirectoryBytes = 65536 * FatDirectory.EntryBytes;

    private readonly IReadableDisk _disk;
    private readonly FatLayout _layout;
    private readonly FatTable _table;

    /// <exception cref="FileSystemException">Damaged.</exception>
    public FatFileSystem(IReadableDisk disk)
    {
        _disk = disk;
        _layout = FatLayout.Read(disk);
        _table = new FatTable(disk, _layout);
        Root = new FileNode { Id = _layout.RootCluster, Kind = FileKind.Directory, Bytes = 0 };
    }

    public FileSystemKind Kind => FileSystemKind.Fat;

    public FileNode Root { get; }

    // Entry 1 keeps two flags in its highest bits, set while all is well; FAT12 has none.
    public string? Unclean => _layout.Bits switch
    {
        16 when (_table[1] & 0x8000) == 0 => "It was not cleanly unmounted.",
        32 when (_table[1] & 0x08000000) == 0 => "It was not cleanly unmounted.",
        _ => null,
    };

    public IReadOnlyList<NamedFile> List(FileNode directory)
    {
        if (directory.Id == 0)
        {
            // The root of FAT12 and FAT16. Another directory that names cluster 0 means the root too, as ".." does.
            var root = new byte[_layout.RootEntries * FatDirectory.EntryBytes];
            _disk.ReadInside(_layout.RootOffset, root, "The root directory");
            return FatDirectory.Parse(root);
        }

        using var bytes = new MemoryStream();
        foreach (var (cluster, count) in _table.Chain((uint)directory.Id))
        {
            if (bytes.Length + (count * _layout.ClusterBytes) > MaxDirectoryBytes + _layout.ClusterBytes)
            {
                throw FileSystemException.Damaged("A directory is larger than FAT allows.");
            }

            var piece = new byte[count * _layout.ClusterBytes];
            _disk.ReadInside(_layout.OffsetOf(cluster), piece, "A directory");
            bytes.Write(piece);
        }

        return FatDirectory.Parse(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    public IEnumerable<FileRun>? Runs(FileNode file)
    {
        var offset = 0L;
        foreach (var (cluster, count) in _table.Chain((uint)file.Id))
        {
            if (offset >= file.Bytes)
            {
                yield break;
            }

            yield return new FileRun(offset, _layout.OffsetOf(cluster), count * _layout.ClusterBytes);
            offset += count * _layout.ClusterBytes;
        }

        if (offset < file.Bytes)
        {
            throw FileSystemException.Damaged("A file is longer than its chain of clusters.");
        }
    }

    public void Read(FileNode file, long offset, Span<byte> buffer)
    {
        foreach (var run in Runs(file)!)
        {
            var (from, to) = (Math.Max(run.Offset, offset), Math.Min(run.Offset + run.Bytes, offset + buffer.Length));
            if (from < to)
            {
                _disk.Read(run.DiskOffset + (from - run.Offset), buffer.Slice((int)(from - offset), (int)(to - from)));
            }
        }
    }

    public string ReadLink(FileNode link) => throw FileSystemException.Damaged("FAT has no symbolic links.");

    public IEnumerable<ByteRange> FreeRanges()
    {
        var (start, ranges) = (0u, 0);
        for (var cluster = 2u; cluster <= _layout.Clusters + 2; cluster++)
        {
            var isFree = cluster < _layout.Clusters + 2 && _table[cluster] == 0;
            if (isFree && start == 0)
            {
                start = cluster;
            }
            else if (!isFree && start != 0)
            {
                if (++ranges > ReadLimits.MaxFreeRanges)
                {
                    yield break;
                }

                yield return new ByteRange(_layout.OffsetOf(start), (long)(cluster - start) * _layout.ClusterBytes);
                start = 0;
            }
        }
    }
}
