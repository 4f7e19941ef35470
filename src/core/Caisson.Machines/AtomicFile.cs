namespace Caisson.Machines;

/// <summary>A file is either the old one or the whole new one, also after a power cut.</summary>
internal static class AtomicFile
{
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var next = path + ".new";
        using (var file = new FileStream(next, FileMode.Create, FileAccess.Write))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        Rename(next, path);
    }

    /// <summary>Makes a file that another program or copy wrote durable before it gets its name.</summary>
    public static void Publish(string written, string path)
    {
        using (var file = new FileStream(written, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Flush(flushToDisk: true);
        }

        Rename(written, path);
    }

    private static void Rename(string written, string path)
    {
        File.Move(written, path, overwrite: true);
        DurableFolder.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
