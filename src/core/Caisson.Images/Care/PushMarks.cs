using Caisson.Chunks;

namespace Caisson.Images;

/// <summary>
/// Blobs somebody pushed, or was told are here already, and will name in a manifest soon: an empty file each, in <c>tmp/pushed</c>. A mark is made
/// before the blob takes its name or is said to be here, so that garbage collection, which looks for it last, never takes what a pusher relies on.
/// A large image on a slow line takes days: as long as anybody pushes anything, older marks stay, up to a week.
/// </summary>
internal sealed class PushMarks(StoreLayout layout)
{
    /// <summary>One blob may take hours on a slow line; when no mark is younger than this, nobody pushes any more.</summary>
    public static readonly TimeSpan LongestPush = TimeSpan.FromDays(1);

    private static readonly TimeSpan LongestCopy = TimeSpan.FromDays(7);

    private DateTime? _newest;

    private string Folder => Path.Combine(layout.TempDirectory, "pushed");

    public void Make(string digest, DateTimeOffset now)
    {
        Directory.CreateDirectory(Folder);
        using var file = File.OpenHandle(PathOf(digest), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
        File.SetLastWriteTimeUtc(file, now.UtcDateTime);
    }

    public bool Has(string digest, DateTimeOffset now) => new FileInfo(PathOf(digest)) is { Exists: true } mark && IsAlive(mark.LastWriteTimeUtc, now);

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
            if (!IsAlive(File.GetLastWriteTimeUtc(mark), now))
            {
                Delete(mark);
            }
        }
    }

    private bool IsAlive(DateTime mark, DateTimeOffset now)
    {
        if (now.UtcDateTime - mark < LongestPush)
        {
            return true;
        }

        _newest ??= Directory.Exists(Folder) ? Directory.EnumerateFiles(Folder).Select(File.GetLastWriteTimeUtc).DefaultIfEmpty(DateTime.MinValue).Max() : DateTime.MinValue;
        return now.UtcDateTime - mark < LongestCopy && now.UtcDateTime - _newest < LongestPush;
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
