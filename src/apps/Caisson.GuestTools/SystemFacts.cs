namespace Caisson.GuestTools;

/// <summary>The facts every guest has without anybody writing them: which generation it was made as, and what it runs.</summary>
internal static class SystemFacts
{
    private const string PrettyName = "PRETTY_NAME=";

    public static IReadOnlyList<KeyValuePair<string, string>> Read(string etc) =>
    [
        new("generation", FactFolder.FirstLine(Path.Combine(etc, "caisson", "generation"))),
        new("os-name", OsName(Path.Combine(etc, "os-release"))),
    ];

    // os-release(5): shell assignments, the value usually in double quotes.
    private static string OsName(string file)
    {
        try
        {
            var line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith(PrettyName, StringComparison.Ordinal));
            return line is null ? "" : line[PrettyName.Length..].Trim('"', '\'', ' ');
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
