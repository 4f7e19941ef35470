using System.Xml.Linq;

namespace Caisson.Architecture.Tests;

public sealed class DependencyTests
{
    private static readonly string[] Mocking = ["Moq", "NSubstitute", "FakeItEasy", "JustMock", "Rocks", "AutoFixture", "Telerik"];

    private static readonly XDocument Central = XDocument.Parse(Repository.Read("Directory.Packages.props"));

    [Fact]
    public void Nothing_is_mocked()
    {
        var named = Versions().Select(v => v.Name).Concat(Project.All.SelectMany(p => p.Packages));
        Assert.DoesNotContain(named, n => Mocking.Any(m => n.StartsWith(m, StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public void Versions_are_central_and_exact()
    {
        Assert.Empty(Project.All.Where(p => XDocument.Parse(Repository.Read(p.Path)).Descendants("PackageReference").Any(r => r.Attribute("Version") is not null)).Select(p => p.Path));
        Assert.All(Versions(), v => Assert.Matches(@"^\d+(\.\d+)+$", v.Version));
    }

    [Fact]
    public void The_banned_calls_are_banned_in_every_product_project()
    {
        Assert.Contains("Microsoft.CodeAnalysis.BannedApiAnalyzers", Versions().Select(v => v.Name));
        Assert.Contains("eng/BannedSymbols.txt", Repository.Read("Directory.Build.props"), StringComparison.Ordinal);
        Assert.Contains("dotnet_diagnostic.RS0030.severity = error", Repository.Read("eng/analyzers.globalconfig"), StringComparison.Ordinal);
        var banned = Repository.Read("eng/BannedSymbols.txt");
        Assert.All(
            (string[])["System.DateTime.Now", "System.DateTime.UtcNow", "System.DateTimeOffset.UtcNow", "System.Threading.Thread.Sleep", "Task`1.Result", "System.Threading.Tasks.Task.Wait", "System.Environment.Exit"],
            symbol => Assert.Contains(symbol, banned, StringComparison.Ordinal));
    }

    private static IEnumerable<(string Name, string Version)> Versions() =>
        Central.Descendants().Where(e => e.Name.LocalName is "PackageVersion" or "GlobalPackageReference").Select(e => ((string)e.Attribute("Include")!, (string)e.Attribute("Version")!));
}
