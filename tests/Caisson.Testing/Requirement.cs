namespace Caisson.Testing;

/// <summary>
/// What a test needs from the machine. On a developer's machine a test whose need is not met is skipped with the reason; where
/// CAISSON_REQUIRE=1 (CI) it fails, so that nothing is green because nothing ran.
/// </summary>
public static class Requirement
{
    // xunit.v3 takes an exception whose message begins so for a skip; a package reference would drag the test framework into this library.
    private const string SkipMark = "$XunitDynamicSkip$";

    public static void Need(bool met, string otherwise)
    {
        if (met)
        {
            return;
        }

        throw Environment.GetEnvironmentVariable("CAISSON_REQUIRE") == "1"
            ? new InvalidOperationException($"CAISSON_REQUIRE=1 and this machine lacks what the test needs: {otherwise}")
            : new InvalidOperationException(SkipMark + otherwise);
    }

    /// <summary>The path of a program, or the test is skipped or fails.</summary>
    public static string Program(string name)
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
        Need(path is not null, $"{name} is not installed.");
        return path!;
    }
}
