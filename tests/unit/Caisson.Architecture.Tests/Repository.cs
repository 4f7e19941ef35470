namespace Caisson.Architecture.Tests;

/// <summary>The checkout as text. Read once; no process is started and nothing is written.</summary>
internal static class Repository
{
    /// <summary>What building, testing and editors leave behind, none of it tracked.</summary>
    private static readonly HashSet<string> Untracked = ["artifacts", ".git", "bin", "obj", "TestResults", ".vs", ".vscode", ".idea", "node_modules"];

    private static readonly Lazy<IReadOnlyList<SourceFile>> LazySources = new(() =>
        [.. Files.Where(f => f.EndsWith(".cs", StringComparison.Ordinal) || f.EndsWith(".razor", StringComparison.Ordinal)).Select(f => new SourceFile(f, Read(f)))]);

    private static readonly Lazy<IReadOnlyList<string>> LazyFiles = new(() => [.. Walk("").Order(StringComparer.Ordinal)]);

    internal static string Root { get; } = FindRoot();

    /// <summary>Every file, by its path from the root with forward slashes.</summary>
    internal static IReadOnlyList<string> Files => LazyFiles.Value;

    /// <summary>Every .cs and .razor file, tests included.</summary>
    internal static IReadOnlyList<SourceFile> Sources => LazySources.Value;

    internal static string Full(string path) => Path.Combine(Root, path);

    internal static string Read(string path) => File.ReadAllText(Full(path));

    internal static bool Exists(string path) => Path.Exists(Full(path));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var entry in new DirectoryInfo(Full(folder)).EnumerateFileSystemInfos())
        {
            var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
            if (Untracked.Contains(entry.Name) || entry.LinkTarget is not null)
            {
                continue;
            }

            if (entry is FileInfo)
            {
                yield return path;
                continue;
            }

            foreach (var inner in Walk(path))
            {
                yield return inner;
            }
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Caisson.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"No Caisson.slnx above {AppContext.BaseDirectory}. These tests read the checkout they were built in.");
        }

        return folder.FullName;
    }
}

internal sealed record SourceFile(string Path, string Text)
{
    internal bool IsProduct => Path.StartsWith("src/", StringComparison.Ordinal);

    internal bool IsMigration => Path.Contains("/Migrations/", StringComparison.Ordinal);
}
