namespace Caisson.Testing;

/// <summary>
/// A committed file that says what the code must produce. `./dev golden --update` runs the tests with CAISSON_GOLDEN_UPDATE=1, which
/// rewrites the files in the checkout; reviewers read the difference.
/// </summary>
public static class Golden
{
    /// <param name="pathInCheckout">For example "tests/unit/Caisson.Machines.Tests/golden/managed.args".</param>
    /// <param name="actual">Text with a newline at its end.</param>
    public static void Check(string pathInCheckout, string actual)
    {
        var path = Path.Combine(Checkout.Root, pathInCheckout);
        if (Environment.GetEnvironmentVariable("CAISSON_GOLDEN_UPDATE") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }

        var expected = File.Exists(path) ? File.ReadAllText(path) : "";
        if (expected != actual)
        {
            throw new InvalidOperationException($"{pathInCheckout} {Describe(expected, actual)}\nIf the change is meant, run: ./dev golden --update");
        }
    }

    private static string Describe(string expected, string actual)
    {
        if (expected.Length == 0)
        {
            return "does not exist.";
        }

        var (old, now) = (expected.Split('\n'), actual.Split('\n'));
        var line = Enumerable.Range(0, Math.Max(old.Length, now.Length)).First(i => old.ElementAtOrDefault(i) != now.ElementAtOrDefault(i));
        return $"differs from line {line + 1} on.\nexpected: {old.ElementAtOrDefault(line) ?? "(end)"}\nactual:   {now.ElementAtOrDefault(line) ?? "(end)"}";
    }
}
