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

    /// <summary>A name beside <paramref name="path"/>, so that the rename stays on one file system.</summary>
    internal static string PartName(string path) => $"{path}.{Guid.NewGuid():n}.part";
}
