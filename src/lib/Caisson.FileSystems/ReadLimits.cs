namespace Caisson.FileSystems;

/// <summary>What a disk may ask of its reader. Far above any real master image, and low enough that a hostile one costs seconds and megabytes.</summary>
public static class ReadLimits
{
    /// <summary>Partitions of one disk.</summary>
    public const int MaxPartitions = 256;

    /// <summary>Block groups of an ext file system: 16 TiB at 4 KiB blocks.</summary>
    public const int MaxGroups = 1 << 17;

    /// <summary>Pieces one file lies in.</summary>
    public const int MaxRunsPerFile = 1 << 20;

    /// <summary>Blocks of the map of one file: an old block map of 64 GiB at 4 KiB blocks has this many.</summary>
    public const int MaxMapBlocksPerFile = 1 << 14;

    /// <summary>Names in one directory.</summary>
    public const int MaxNamesPerDirectory = 1 << 18;

    /// <summary>Bytes of one directory.</summary>
    public const long MaxDirectoryBytes = 1 << 24;

    /// <summary>Directories inside each other.</summary>
    public const int MaxDepth = 256;

    /// <summary>Names of the directories a walk is inside of: what it keeps in memory at a time.</summary>
    public const int MaxNamesHeld = 2 * MaxNamesPerDirectory;

    /// <summary>Names of a whole file system.</summary>
    public const int MaxNames = 1 << 22;

    /// <summary>Directories of a whole file system.</summary>
    public const int MaxDirectories = 1 << 20;

    /// <summary>Free runs of one disk; further ones count as used.</summary>
    public const int MaxFreeRanges = 1 << 20;

    /// <summary>Bytes of a symbolic link (Linux: PATH_MAX).</summary>
    public const int MaxLinkBytes = 4096;
}
