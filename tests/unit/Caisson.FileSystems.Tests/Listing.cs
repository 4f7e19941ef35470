using System.Security.Cryptography;

namespace Caisson.FileSystems.Tests;

/// <summary>A file system as lines like those of tests/disks/tree.list.</summary>
internal static class Listing
{
    public static string[] Of(IFileSystem system) =>
        [.. FileWalk.All(system)
            .Where(entry => entry.Name is not ("/lost+found" or "/small/unwritten" or "/far"))
            .Select(entry => string.Join('\t', Kind(entry.File), Convert.ToString(entry.File.Permissions, 8), entry.File.Owner, entry.File.Group, Size(entry.File), Content(system, entry.File), entry.Name))
            .Order(StringComparer.Ordinal)];

    /// <summary>All of a file, by its runs where it has some and else by reading it.</summary>
    public static byte[] Read(IFileSystem system, FileNode file)
    {
        var bytes = new byte[file.Bytes];
        system.Read(file, 0, bytes);
        return bytes;
    }

    private static long Size(FileNode file) => file.Kind == FileKind.Directory ? 0 : file.Bytes;

    /// <summary>As find's %y has it.</summary>
    private static char Kind(FileNode file) => file.Kind switch
    {
        FileKind.Directory => 'd',
        FileKind.SymbolicLink => 'l',
        FileKind.Special => 'c',
        _ => 'f',
    };

    private static string Content(IFileSystem system, FileNode file) => file.Kind switch
    {
        FileKind.Regular => Convert.ToHexStringLower(SHA256.HashData(Read(system, file))),
        FileKind.SymbolicLink => system.ReadLink(file),
        _ => "-",
    };
}
