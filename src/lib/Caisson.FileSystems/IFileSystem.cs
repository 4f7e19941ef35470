namespace Caisson.FileSystems;

/// <summary>What a name stands for.</summary>
public enum FileKind
{
    Regular,
    Directory,
    SymbolicLink,

    /// <summary>A device, a socket or a pipe.</summary>
    Special,
}

/// <summary>A file, as its file system describes it.</summary>
public sealed record FileNode
{
    /// <summary>The same for two names of one file: ext's inode number, FAT's first cluster.</summary>
    public required ulong Id { get; init; }

    public required FileKind Kind { get; init; }

    public required long Bytes { get; init; }

    /// <summary>Unix permission bits, set-uid and its kin included; 0 where the file system has none.</summary>
    public int Permissions { get; init; }

    public uint Owner { get; init; }

    public uint Group { get; init; }

    /// <summary>Names this file has; 1 where the file system does not count them.</summary>
    public int Links { get; init; } = 1;
}

/// <param name="Name">Its bytes, one character each (Latin-1): injective whatever the bytes are. <see cref="FileNames"/> makes them readable.</param>
public sealed record NamedFile(string Name, FileNode File);

/// <summary>A piece of a file.</summary>
/// <param name="Offset">Where in the file, in bytes.</param>
/// <param name="DiskOffset">Where on the file system's disk; the last piece may reach past the file's end into its last block.</param>
[System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Auto)]
public readonly record struct FileRun(long Offset, long DiskOffset, long Bytes);

/// <summary>A file system that is only read. Every call may throw <see cref="FileSystemException"/>. One thread at a time.</summary>
public interface IFileSystem
{
    FileSystemKind Kind { get; }

    FileNode Root { get; }

    /// <summary>A sentence if it was not cleanly unmounted: what it says of free space may be wrong then. Null: it was.</summary>
    string? Unclean { get; }

    /// <summary>What a directory names, "." and ".." left out, ordered by the bytes of the names.</summary>
    IReadOnlyList<NamedFile> List(FileNode directory);

    /// <summary>
    /// Where a regular file's bytes lie, in order; what no run covers reads as zero. Null: they do not lie in blocks (they are kept in the
    /// inode), so <see cref="Read"/> is the only way to them.
    /// </summary>
    IEnumerable<FileRun>? Runs(FileNode file);

    /// <summary>Fills all of <paramref name="buffer"/>; the caller stays inside the file.</summary>
    void Read(FileNode file, long offset, Span<byte> buffer);

    /// <summary>What a symbolic link says, in the form of <see cref="NamedFile.Name"/>.</summary>
    string ReadLink(FileNode link);

    /// <summary>Ranges of its disk nothing uses, in order and without overlap. Only to be believed where <see cref="Unclean"/> is null.</summary>
    IEnumerable<ByteRange> FreeRanges();
}
