namespace Caisson.FileSystems.Ext;

/// <summary>An inode as it lies on the disk (kernel: inodes.rst).</summary>
internal sealed class ExtInode
{
    private const uint HasExtents = 0x80000;
    private const uint HasInlineData = 0x10000000;
    private const int BlockMapAt = 40;
    public const int BlockMapBytes = 60;

    private readonly byte[] _bytes;

    public ExtInode(uint number, byte[] bytes) => (Number, _bytes) = (number, bytes);

    public uint Number { get; }

    public int Mode => _bytes.U16(0);

    public long Size => (long)(_bytes.U32(4) | ((ulong)_bytes.U32(108) << 32));

    public int Links => _bytes.U16(26);

    public bool UsesExtents => (_bytes.U32(32) & HasExtents) != 0;

    public bool IsInline => (_bytes.U32(32) & HasInlineData) != 0;

    /// <summary>The 60 bytes that hold the root of the extent tree, the block numbers, the beginning of inline data or a short link.</summary>
    public ReadOnlySpan<byte> BlockMap => _bytes.AsSpan(BlockMapAt, BlockMapBytes);

    public FileKind? Kind => (Mode & 0xf000) switch
    {
        0x8000 => FileKind.Regular,
        0x4000 => FileKind.Directory,
        0xa000 => FileKind.SymbolicLink,
        0x1000 or 0x2000 or 0x6000 or 0xc000 => FileKind.Special,
        _ => null,
    };

    public FileNode ToNode()
    {
        if (Kind is not { } kind || Links == 0)
        {
            throw FileSystemException.Damaged($"A name leads to inode {Number}, which holds no file.");
        }

        if (Size < 0)
        {
            throw FileSystemException.Damaged($"Inode {Number} has an impossible size.");
        }

        return new FileNode
        {
            Id = Number,
            Kind = kind,
            Bytes = Size,
            Permissions = Mode & 0xfff,
            Owner = _bytes.U16(2) | ((uint)_bytes.U16(120) << 16),
            Group = _bytes.U16(24) | ((uint)_bytes.U16(122) << 16),
            Links = Links,
        };
    }

    /// <summary>What inline data holds beyond <see cref="BlockMap"/>: the value of the attribute system.data, inside the inode.</summary>
    public ReadOnlySpan<byte> InlineRest()
    {
        const int entryBytes = 16;
        const int system = 7;
        if (_bytes.Length <= 128 + 4)
        {
            return default;
        }

        ReadOnlySpan<byte> area = _bytes.AsSpan(Math.Min(128 + _bytes.U16(128), _bytes.Length));
        if (area.Length < 4 || area.U32(0) != 0xea020000)
        {
            return default;
        }

        area = area[4..];
        for (var at = 0; at <= area.Length - entryBytes && area.U32(at) != 0;)
        {
            var (nameBytes, value, size) = (area[at], area.U16(at + 2), area.U32(at + 8));
            var name = area[(at + entryBytes)..];
            if (area[at + 1] == system && nameBytes == 4 && name.StartsWith("data"u8))
            {
                return value <= area.Length && size <= area.Length - value ? area.Slice(value, (int)size) : throw FileSystemException.Damaged($"The inline data of inode {Number} lies outside it.");
            }

            at += entryBytes + ((nameBytes + 3) & ~3);
        }

        return default;
    }
}
