using Caisson.FileSystems;

namespace Caisson.Images;

/// <summary>A partition of a generation whose file system can be read.</summary>
/// <param name="Disk">The partition; offsets in it count from its beginning.</param>
internal sealed record LookedInto(Partition Partition, IReadableDisk Disk, IFileSystem System)
{
    /// <summary>A small text file, one character a byte; null if there is none, or it is larger than any of its kind.</summary>
    public string? ReadText(string path, int limit = 16 << 20)
    {
        if (Resolve(path, followed: 0) is not { Kind: FileKind.Regular } file || file.Bytes > limit)
        {
            return null;
        }

        var bytes = new byte[file.Bytes];
        System.Read(file, 0, bytes);
        return global::System.Text.Encoding.Latin1.GetString(bytes);
    }

    public IReadOnlyList<NamedFile> List(string path) =>
        Resolve(path, followed: 0) is { Kind: FileKind.Directory } folder ? System.List(folder) : [];

    /// <summary>Finds a file through the few links a system is built with (/lib → usr/lib, os-release → ../usr/lib/os-release).</summary>
    private FileNode? Resolve(string path, int followed)
    {
        const int mostLinks = 8;
        var (at, names) = (System.Root, path.Split('/', StringSplitOptions.RemoveEmptyEntries));
        for (var i = 0; i < names.Length; i++)
        {
            if (at.Kind != FileKind.Directory || System.List(at).FirstOrDefault(entry => entry.Name == names[i]) is not { } found)
            {
                return null;
            }

            if (found.File.Kind == FileKind.SymbolicLink)
            {
                var target = System.ReadLink(found.File);
                var folder = target.StartsWith('/') ? [] : names[..i];
                var whole = Normal([.. folder, .. target.Split('/'), .. names[(i + 1)..]]);
                return followed < mostLinks ? Resolve(whole, followed + 1) : null;
            }

            at = found.File;
        }

        return at;
    }

    private static string Normal(string[] names)
    {
        var kept = new List<string>();
        foreach (var name in names)
        {
            if (name == "..")
            {
                kept.RemoveRange(Math.Max(0, kept.Count - 1), Math.Min(1, kept.Count));
            }
            else if (name is not ("" or "."))
            {
                kept.Add(name);
            }
        }

        return string.Join('/', kept);
    }
}
