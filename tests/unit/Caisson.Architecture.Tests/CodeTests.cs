using System.Text.RegularExpressions;

namespace Caisson.Architecture.Tests;

public sealed partial class CodeTests
{
    private const int MostLines = 500;

    /// <summary>Names that end in a forbidden word but mean something else.</summary>
    private static readonly Dictionary<string, string> NamesWithAReason = new(StringComparer.Ordinal)
    {
        ["OsBase"] = "the read-only disk under the os overlay, not a class to inherit from",
        ["NbdBase"] = "an OsBase served over NBD",
        ["RawBase"] = "an OsBase in a plain file",
    };

    /// <summary>Interfaces that stand although only one type implements them.</summary>
    private static readonly Dictionary<string, string> InterfacesWithAReason = new(StringComparer.Ordinal);

    [Fact]
    public void No_type_or_file_hides_behind_an_empty_word()
    {
        var types = Declarations().Select(d => (d.File.Path, d.Name));
        var files = Repository.Sources.Select(f => (f.Path, Name: Path.GetFileName(f.Path).Split('.')[0]));
        var empty = types.Concat(files).Where(t => EmptyWord().IsMatch(t.Name) && !NamesWithAReason.ContainsKey(t.Name)).Select(t => $"{t.Path}: {t.Name}");
        Assert.Empty(empty.Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public void An_interface_has_two_implementations()
    {
        var declarations = Declarations().ToList();
        var lonely =
            from declared in declarations
            where declared.Kind == "interface" && declared.File.IsProduct && !InterfacesWithAReason.ContainsKey(declared.Name)
            let implementations = declarations.Count(d => d.Kind != "interface" && Regex.IsMatch(d.Bases, $@"\b{declared.Name}\b", RegexOptions.None, TimeSpan.FromSeconds(1)))
            where implementations < 2
            select $"{declared.File.Path}: {declared.Name} has {implementations}";
        Assert.Empty(lonely);
    }

    [Fact]
    public void Files_stay_short_enough_to_read() =>
        Assert.Empty(Repository.Sources.Where(f => !f.IsMigration).Select(f => (f.Path, Lines: f.Text.Count(c => c == '\n'))).Where(f => f.Lines > MostLines).Select(f => $"{f.Path}: {f.Lines} lines"));

    [Fact]
    public void A_suppressed_warning_says_why() =>
        Assert.Empty(
            from file in Repository.Sources
            where !file.IsMigration
            from Match line in SuppressionWithoutReason().Matches(file.Text)
            select $"{file.Path}: {line.Value.Trim()}");

    [Fact]
    public void What_may_run_is_decided_in_one_place_with_one_caller() =>
        Assert.Equal(
            ["src/apps/Caisson.Endpoint/Reconcile/StartApproval.cs"],
            Repository.Sources.Where(f => f.IsProduct && f.Text.Contains("RunApproval.Decide(", StringComparison.Ordinal)).Select(f => f.Path));

    [Fact]
    public void Unit_tests_start_no_process_and_no_test_sleeps()
    {
        var tests = Repository.Sources.Where(f => f.Path.StartsWith("tests/", StringComparison.Ordinal)).ToList();
        Assert.Empty(tests.Where(f => f.Path.StartsWith("tests/unit/", StringComparison.Ordinal) && StartsProcess().IsMatch(f.Text)).Select(f => f.Path));
        Assert.Empty(tests.Where(f => BlocksOnTheClock().IsMatch(f.Text)).Select(f => f.Path));
    }

    private static IEnumerable<(SourceFile File, string Kind, string Name, string Bases)> Declarations() =>
        from file in Repository.Sources
        where !file.IsMigration
        from Match m in Declaration().Matches(file.Text)
        let head = Parentheses().Replace(m.Groups["head"].Value, "")
        select (file, m.Groups["kind"].Value, m.Groups["name"].Value, head.Contains(':', StringComparison.Ordinal) ? head[head.IndexOf(':', StringComparison.Ordinal)..] : "");

    // A declaration up to its body. What is in parentheses (a primary constructor) is cut out later.
    [GeneratedRegex(@"^[ \t]*(?:(?:public|internal|private|protected|sealed|abstract|static|partial|readonly|ref|file|new)\s+)*(?<kind>class|record struct|record class|record|struct|interface|enum)\s+(?<name>[A-Z]\w*)(?<head>[^{;]*)[{;]", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\([^()]*(?:\([^()]*\)[^()]*)*\)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Parentheses();

    /// <summary>As a word of its own inside a camel-case name: "ImageManager", not "Database".</summary>
    [GeneratedRegex(@"(Manager|Helpers?|Utils?|Utility|Utilities|Common|(?<=[a-z])Base)(?![a-z])|^(Base|Common)[A-Z]", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex EmptyWord();

    [GeneratedRegex(@"^[ \t]*#pragma warning disable [A-Z0-9, ]*$|\[(assembly: )?(Unconditional)?SuppressMessage\((?![^\]]*Justification)[^\]]*\]", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex SuppressionWithoutReason();

    [GeneratedRegex(@"\bProcess\.Start\(|\bnew\s+Process(StartInfo)?\b", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex StartsProcess();

    [GeneratedRegex(@"\bThread\.Sleep\(", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex BlocksOnTheClock();
}
