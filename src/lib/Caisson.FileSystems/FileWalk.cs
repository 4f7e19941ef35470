namespace Caisson.FileSystems;

/// <summary>Every file of a file system.</summary>
public static class FileWalk
{
    /// <summary>All names below the root with their paths, which begin with "/"; parents before what they hold.</summary>
    public static IEnumerable<NamedFile> All(IFileSystem system) => Below(system, system.Root, "", new WalkGuard());

    /// <summary>All names below a directory, with paths that begin with <paramref name="path"/> and a slash.</summary>
    public static IEnumerable<NamedFile> Below(IFileSystem system, FileNode directory, string path, WalkGuard guard)
    {
        using var entered = guard.Enter(system, directory);
        foreach (var (name, file) in entered.Names)
        {
            var inner = $"{path}/{name}";
            yield return new NamedFile(inner, file);
            if (file.Kind != FileKind.Directory)
            {
                continue;
            }

            foreach (var below in Below(system, file, inner, guard))
            {
                yield return below;
            }
        }
    }

    /// <summary>The file at a path such as <c>etc/passwd</c>; links are not followed. Null: there is none.</summary>
    public static FileNode? Find(IFileSystem system, string path)
    {
        var at = system.Root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (at.Kind != FileKind.Directory || system.List(at).FirstOrDefault(entry => entry.Name == name) is not { } found)
            {
                return null;
            }

            at = found.File;
        }

        return at;
    }
}
