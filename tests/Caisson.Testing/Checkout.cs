namespace Caisson.Testing;

/// <summary>The folder this test run was built from.</summary>
public static class Checkout
{
    public static string Root { get; } = FindRoot();

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
