namespace Caisson.Testing;

/// <summary>The folder this test run was built from.</summary>
public static class Checkout
{
    public static string Root { get; } = FindRoot();

    /// <summary>An executable of this build in its project's own output folder: only there lies a server's manifest of static files.</summary>
    /// <param name="project">Without "Caisson.".</param>
    public static string Built(string project, string executable) =>
        Path.Combine(Root, "artifacts", "bin", "Caisson." + project, new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/')).Name, executable);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Caisson.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"'{AppContext.BaseDirectory}' lies in no checkout of Caisson. Run the tests from one.");
    }
}
