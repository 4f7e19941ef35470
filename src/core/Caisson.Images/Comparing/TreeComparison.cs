using Caisson.FileSystems;
using Caisson.Protocol.Api;

namespace Caisson.Images;

/// <summary>
/// Two trees of files, walked side by side: memory holds the folders on the way, not the trees. A file counts as changed if its bytes, its kind
/// or its link's target are other; times do not count.
/// </summary>
internal sealed class TreeComparison(LookedInto from, LookedInto to, ContentComparison content, string root, ProgressMeter meter, CancellationToken cancellationToken)
{
    private const int KeptLargest = 20;
    private const int MostAreas = 100;

    private readonly FileComparison _files = new(from, to, content);
    private readonly WalkGuard _fromGuard = new();
    private readonly WalkGuard _toGuard = new();
    private readonly HashSet<ulong> _counted = [];
    private readonly PriorityQueue<FileChange, long> _largest = new();

    public Dictionary<string, AreaChange> Areas { get; } = new(StringComparer.Ordinal);

    public int Permissions { get; private set; }

    public IEnumerable<FileChange> Largest => _largest.UnorderedItems.Select(item => item.Element with { Path = FileNames.Readable(item.Element.Path) });

    /// <exception cref="FileSystemException">One of the two is damaged or too large.</exception>
    public void Run() => CompareFolders(from.System.Root, to.System.Root, root);

    private void CompareFolders(FileNode left, FileNode right, string path)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var leftEntered = _fromGuard.Enter(from.System, left);
        using var rightEntered = _toGuard.Enter(to.System, right);
        var (before, after) = (leftEntered.Names, rightEntered.Names);
        for (int i = 0, j = 0; i < before.Count || j < after.Count;)
        {
            var order = i == before.Count ? 1 : j == after.Count ? -1 : string.CompareOrdinal(before[i].Name, after[j].Name);
            if (order < 0)
            {
                Gone(before[i], path);
            }
            else if (order > 0)
            {
                Come(after[j], path);
            }
            else
            {
                Both(before[i], after[j], path);
            }

            (i, j) = (order <= 0 ? i + 1 : i, order >= 0 ? j + 1 : j);
        }
    }

    private void Both(NamedFile before, NamedFile after, string path)
    {
        var (left, right) = (before.File, after.File);
        if ((left.Kind == FileKind.Directory) != (right.Kind == FileKind.Directory))
        {
            Gone(before, path);
            Come(after, path);
            return;
        }

        var inner = $"{path}/{after.Name}";
        if (right.Kind == FileKind.Directory)
        {
            CompareFolders(left, right, inner);
        }
        else if (left.Kind != right.Kind || !HaveSameContent(left, right))
        {
            Take(new FileChange(inner, FileChangeKind.Changed, left.Bytes, right.Bytes), right);
        }
        else if (left.Permissions != right.Permissions || left.Owner != right.Owner || left.Group != right.Group)
        {
            Permissions++;
        }

        if (right.Kind == FileKind.Regular)
        {
            meter.Add(right.Bytes);
        }
    }

    private bool HaveSameContent(FileNode left, FileNode right) => right.Kind switch
    {
        FileKind.Regular => _files.AreSame(left, right),
        FileKind.SymbolicLink => from.System.ReadLink(left) == to.System.ReadLink(right),
        _ => true,
    };

    private void Gone(NamedFile entry, string path) =>
        Each(from.System, _fromGuard, entry, path, (inner, file) => Take(new FileChange(inner, FileChangeKind.Removed, file.Bytes, 0), file));

    private void Come(NamedFile entry, string path) =>
        Each(to.System, _toGuard, entry, path, (inner, file) => Take(new FileChange(inner, FileChangeKind.Added, 0, file.Bytes), file));

    private void Each(IFileSystem system, WalkGuard guard, NamedFile entry, string path, Action<string, FileNode> take)
    {
        var inner = $"{path}/{entry.Name}";
        if (entry.File.Kind != FileKind.Directory)
        {
            take(inner, entry.File);
            return;
        }

        foreach (var (name, file) in FileWalk.Below(system, entry.File, inner, guard))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (file.Kind != FileKind.Directory)
            {
                take(name, file);
            }
        }
    }

    private void Take(FileChange change, FileNode file)
    {
        // Of a file with several names each is counted, its bytes once.
        var isNew = change.Change != FileChangeKind.Removed && file.Kind == FileKind.Regular && (file.Links < 2 || _counted.Add(file.Id));
        var name = AreaOf(change.Path);
        name = Areas.Count < MostAreas || Areas.ContainsKey(name) ? name : "elsewhere";
        var area = Areas.GetValueOrDefault(name) ?? new AreaChange(name, 0, 0, 0, 0);
        Areas[name] = area with
        {
            Added = area.Added + (change.Change == FileChangeKind.Added ? 1 : 0),
            Removed = area.Removed + (change.Change == FileChangeKind.Removed ? 1 : 0),
            Changed = area.Changed + (change.Change == FileChangeKind.Changed ? 1 : 0),
            Bytes = area.Bytes + (isNew ? change.ToBytes : 0),
        };
        _largest.Enqueue(change, Math.Max(change.FromBytes, change.ToBytes));
        if (_largest.Count > KeptLargest)
        {
            _largest.Dequeue();
        }
    }

    /// <summary>The first folder of a path; the root itself for a file that lies in none.</summary>
    private string AreaOf(string path)
    {
        var end = path.IndexOf('/', root.Length + 1);
        return end < 0 ? $"{root}/" : FileNames.Readable(path[..end]);
    }
}
