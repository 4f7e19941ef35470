namespace Caisson.Images;

/// <summary>Files that are there whole or not at all, after a power cut too.</summary>
public static class WholeFile
{
    internal static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var part = PartName(path);
        try
        {
            WritePart(part, bytes);
            Publish(part, path);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    /// <summary>Writes and syncs a new file that <see cref="Publish"/> will give its name.</summary>
    internal static void WritePart(string part, ReadOnlySpan<byte> bytes)
    {
        using var file = new FileStream(part, FileMode.CreateNew, FileAccess.Write);
        file.Write(bytes);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Gives a synced temporary file its name, replacing what had it.</summary>
    public static void Publish(string part, string path)
    {
        File.Move(part, path, overwrite: true);
        Posix.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Gives a directory of synced files its name, where nothing has it.</summary>
    public static void PublishDirectory(string part, string path)
    {
        foreach (var directory in Directory.EnumerateDirectories(part, "*", SearchOption.AllDirectories).Append(part))
        {
            Posix.SyncDirectory(directory);
        }

        Directory.Move(part, path);
        Posix.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Takes away what killed writers of the same file have left: a part that nobody holds open, and that is not just being begun.</summary>
    internal static void SweepParts(string path, TimeProvider time)
    {
        var (folder, name) = (Path.GetDirectoryName(Path.GetFullPath(path))!, Path.GetFileName(path));
        foreach (var part in Directory.EnumerateFiles(folder, "*.part").Where(part => IsPartOf(Path.GetFileName(part), name) && time.GetUtcNow().UtcDateTime - File.GetLastWriteTimeUtc(part) > TimeSpan.FromMinutes(1)))
        {
            try
            {
                using var dead = new FileStream(part, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                File.Delete(part);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Held, or not ours to take away.
            }
        }
    }

    private static bool IsPartOf(string part, string name) =>
        part.Length > name.Length + ".part".Length + 1 && part.StartsWith(name + ".", StringComparison.Ordinal) && Guid.TryParseExact(part[(name.Length + 1)..^".part".Length], "n", out _);

    /// <summary>A name beside <paramref name="path"/>, so that the rename stays on one file system.</summary>
    internal static string PartName(string path) => $"{path}.{Guid.NewGuid():n}.part";
}
