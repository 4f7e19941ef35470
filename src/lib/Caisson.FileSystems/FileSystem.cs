using Caisson.FileSystems.Ext;
using Caisson.FileSystems.Fat;

namespace Caisson.FileSystems;

/// <summary>Opens what a partition holds, if it can be read here.</summary>
public static class FileSystem
{
    /// <summary>Null: a kind that is recognised at most.</summary>
    /// <exception cref="FileSystemException">It is of a kind that is read, but damaged, too large or with features that are not.</exception>
    public static IFileSystem? TryOpen(IReadableDisk disk) => Recognition.Of(disk) switch
    {
        FileSystemKind.Ext => new ExtFileSystem(disk),
        FileSystemKind.Fat => new FatFileSystem(disk),
        _ => null,
    };

    /// <summary>
    /// Ranges of a partition whose bytes mean nothing: free space, or swap space beyond its header. Nothing where its file system was not
    /// cleanly unmounted, or is not read here.
    /// </summary>
    /// <exception cref="FileSystemException">As <see cref="TryOpen"/>.</exception>
    public static IEnumerable<ByteRange> MeaninglessRanges(IReadableDisk disk)
    {
        const int swapHeader = 4096;
        if (Recognition.Of(disk) == FileSystemKind.Swap)
        {
            return disk.Bytes > swapHeader ? [new ByteRange(swapHeader, disk.Bytes - swapHeader)] : [];
        }

        return TryOpen(disk) is { Unclean: null } clean ? clean.FreeRanges() : [];
    }
}
