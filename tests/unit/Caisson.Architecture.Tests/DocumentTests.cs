using System.Globalization;
using System.Text.RegularExpressions;

namespace Caisson.Architecture.Tests;

/// <summary>A document that names what is not there any more is worse than none.</summary>
public sealed partial class DocumentTests
{
    private static readonly HashSet<string> TopFolders = [".ci", "appliance", "bench", "docs", "eng", "guests", "src", "tests"];

    [Fact]
    public void Every_path_named_in_the_architecture_page_exists()
    {
        var missing = Named("ARCHITECTURE.md").Where(IsPath).Where(p => !Repository.Exists(p.TrimEnd('/')) && !ExistsSomewhere(p));
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_type_named_in_the_architecture_page_exists()
    {
        var sources = Repository.Sources.Where(f => f.IsProduct || f.Path.StartsWith("tests/", StringComparison.Ordinal)).ToList();
        var missing = Named("ARCHITECTURE.md")
            .Where(n => TypeName().IsMatch(n) && !n.StartsWith("Caisson.", StringComparison.Ordinal))
            .SelectMany(n => n.Split('.', '<', '>', '(', ')'))
            .Where(word => word.Length > 0 && !sources.Exists(f => Regex.IsMatch(f.Text, $@"\b{word}\b", RegexOptions.None, TimeSpan.FromSeconds(1))));
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_project_is_on_the_architecture_page_and_every_project_there_exists()
    {
        var text = ReadOrSkip("ARCHITECTURE.md");
        Assert.Empty(Project.Product.Where(p => !text.Contains(p.Name, StringComparison.Ordinal)).Select(p => p.Name));
        var known = Project.All.Select(p => p.Name).Append("Caisson.slnx").ToHashSet(StringComparer.Ordinal);
        Assert.Empty(ProjectName().Matches(text).Select(m => m.Value).Where(n => !known.Contains(n)).Distinct(StringComparer.Ordinal));
    }

    [Fact]
    public void The_budget_of_every_suite_is_written_down_and_the_whole_fits_29_minutes()
    {
        var budgets = BudgetRow().Matches(Repository.Read("CONTRIBUTING.md"))
            .ToDictionary(m => m.Groups["suite"].Value, m => int.Parse(m.Groups["seconds"].Value, CultureInfo.InvariantCulture), StringComparer.Ordinal);
        Assert.All((string[])["unit", "vm", "web", "check"], suite => Assert.Contains(suite, budgets.Keys));
        Assert.All(budgets, b => Assert.InRange(b.Value, 1, 29 * 60));
        Assert.InRange(budgets.Values.Sum(), 1, 29 * 60);
    }

    [Fact]
    public void Links_between_the_pages_lead_somewhere()
    {
        foreach (var needed in (string[])["ARCHITECTURE.md", "SPECIFICATION.md", "docs/pictures"])
        {
            Assert.SkipUnless(Repository.Exists(needed), $"{needed} is not there yet.");
        }

        var dead =
            from page in Repository.Files.Where(f => f.EndsWith(".md", StringComparison.Ordinal))
            from Match link in Link().Matches(Fence().Replace(Repository.Read(page), ""))
            let target = link.Groups["target"].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains(':', StringComparison.Ordinal)
            where !Repository.Exists(Path.Combine(Path.GetDirectoryName(page)!, target))
            select $"{page} -> {target}";
        Assert.Empty(dead);
    }

    /// <summary>What a page has in backticks, outside blocks of code.</summary>
    private static IEnumerable<string> Named(string page) =>
        Backticks().Matches(Fence().Replace(ReadOrSkip(page), "")).Select(m => m.Groups["name"].Value).Distinct(StringComparer.Ordinal);

    private static string ReadOrSkip(string page)
    {
        Assert.SkipUnless(Repository.Exists(page), $"{page} is not written yet.");
        return Repository.Read(page);
    }

    /// <summary>A path of this repository, as against one on a disk, a route or a media type.</summary>
    private static bool IsPath(string name) =>
        PathName().IsMatch(name) && (TopFolders.Contains(name.Split('/')[0]) || SourceName().IsMatch(name));

    /// <summary>A page may name a file without its folder.</summary>
    private static bool ExistsSomewhere(string name) =>
        SourceName().IsMatch(name) && Repository.Files.Any(f => f.EndsWith("/" + name, StringComparison.Ordinal));

    [GeneratedRegex(@"`(?<name>[^`\n]+)`", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Backticks();

    [GeneratedRegex(@"^```[\s\S]*?^```|^ {4}.*$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^[\w.\-]+(/[\w.\-]+)*/?$", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex PathName();

    [GeneratedRegex(@"\.(cs|razor|csproj|slnx|props|sh)$", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex SourceName();

    /// <summary>At least two humps, perhaps with a member, generic arguments or a call's parentheses: <c>Machine.StartAsync</c>.</summary>
    [GeneratedRegex(@"^I?[A-Z][a-z0-9]+([A-Z][A-Za-z0-9]*|(\.[A-Z]\w*)+)+(<\w+>)?(\(\))?$", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\bCaisson\.[A-Z]\w*(\.Tests)?\b(?!\.(cs|csproj))", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex ProjectName();

    [GeneratedRegex(@"^\| *`(?<suite>\w+)` *\|[^|]*\| *(?<seconds>\d+) *\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex BudgetRow();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex Link();
}
