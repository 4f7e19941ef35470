using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Blobs somebody pushed, or was told are here already, and will name in a manifest soon: an empty file each, in <c>tmp/pushed</c>. A mark is made
/// before the blob takes its name or is said to be here, so that garbage collection, which looks for it last, never takes what a pusher relies on.
/// </summary>
internal sealed class PushMarks(StoreLayout layout)
{
    /// <summary>An upload may take hours on a slow line; one this old has nobody.</summary>
    public static readonly TimeSpan LongestPush = TimeSpan.FromDays(1);

    private string Folder => Path.Combine(layout.TempDirectory, "pushed");

    public void Make(string digest, DateTimeOffset now)
    {
        Directory.CreateDirectory(Folder);
        using var file = File.OpenHandle(PathOf(digest), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        File.SetLastWriteTimeUtc(file, now.UtcDateTime);
    }

    /// <param name="now">Marks older than <see cref="LongestPush"/> do not count.</param>
    public bool Has(string digest, DateTimeOffset now) => new FileInfo(PathOf(digest)) is { Exists: true } mark && now.UtcDateTime - mark.LastWriteTimeUtc < LongestPush;

    /// <summary>A manifest names them now.</summary>
    public void Remove(IEnumerable<string> digests)
    {
        foreach (var digest in digests)
        {
            Delete(PathOf(digest));
        }
    }

    public void Sweep(DateTimeOffset now)
    {
        foreach (var mark in Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder) : [])
        {
            if (now.UtcDateTime - File.GetLastWriteTimeUtc(mark) >= LongestPush)
            {
                Delete(mark);
            }
        }
    }

    private string PathOf(string digest) => Path.Combine(Folder, ChunkId.ParseDigest(digest).ToString());

    private void Delete(string path)
    {
        if (Directory.Exists(Folder))
        {
            File.Delete(path);
        }
    }
}
