namespace Caisson.FileSystems;

/// <summary>Keeps a walk through directories finite and its memory small: each is entered once, not too deep, and names are counted.</summary>
public sealed class WalkGuard
{
    private readonly HashSet<ulong> _entered = [];
    private int _depth;
    private int _held;
    private int _names;

    /// <summary>Lists a directory; it counts as held until the answer is disposed.</summary>
    /// <exception cref="FileSystemException">Damaged: it was entered before. Too large.</exception>
    public EnteredDirectory Enter(IFileSystem system, FileNode directory)
    {
        Demand(_depth < ReadLimits.MaxDepth, $"Its directories lie more than {ReadLimits.MaxDepth} deep in each other");
        Demand(_entered.Count < ReadLimits.MaxDirectories, $"It has more than {ReadLimits.MaxDirectories} directories");
        if (!_entered.Add(directory.Id))
        {
            throw FileSystemException.Damaged("A directory contains itself or has two names.");
        }

        var names = system.List(directory);
        _names += names.Count;
        Demand(_names <= ReadLimits.MaxNames, $"It has more than {ReadLimits.MaxNames} names");
        Demand(_held + names.Count <= ReadLimits.MaxNamesHeld, $"Directories that lie in each other have more than {ReadLimits.MaxNamesHeld} names together");
        _held += names.Count;
        _depth++;
        return new EnteredDirectory(this, names);
    }

    internal void Leave(int names)
    {
        _held -= names;
        _depth--;
    }

    private static void Demand(bool holds, string what)
    {
        if (!holds)
        {
            throw FileSystemException.TooLarge($"{what}; that is more than is looked at.");
        }
    }
}

/// <summary>A directory a walk is inside of.</summary>
public sealed class EnteredDirectory : IDisposable
{
    private readonly WalkGuard _guard;

    internal EnteredDirectory(WalkGuard guard, IReadOnlyList<NamedFile> names) => (_guard, Names) = (guard, names);

    /// <summary>Ordered by the bytes of the names.</summary>
    public IReadOnlyList<NamedFile> Names { get; }

    public void Dispose() => _guard.Leave(Names.Count);
}
