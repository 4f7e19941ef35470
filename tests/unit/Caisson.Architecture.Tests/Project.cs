using System.Xml.Linq;

namespace Caisson.Architecture.Tests;

/// <summary>One project file: which tier it is in and what it names.</summary>
internal sealed record Project(string Path, string Name, string Tier, IReadOnlyList<string> References, IReadOnlyList<string> Packages, IReadOnlyList<string> Frameworks)
{
    /// <summary>Every project of the checkout. The tier is the second folder: lib, core, apps; or "tests".</summary>
    internal static IReadOnlyList<Project> All { get; } = [.. Repository.Files.Where(f => f.EndsWith(".csproj", StringComparison.Ordinal)).Select(Load)];

    internal static IEnumerable<Project> Product => All.Where(p => p.Tier is "lib" or "core" or "apps");

    private static Project Load(string path)
    {
        var xml = XDocument.Parse(Repository.Read(path));
        return new Project(
            path,
            System.IO.Path.GetFileNameWithoutExtension(path),
            path.Split('/') is ["src", var tier, ..] ? tier : path.Split('/')[0],
            [.. Included(xml, "ProjectReference").Select(r => System.IO.Path.GetFileNameWithoutExtension(r.Replace('\\', '/'))).Order(StringComparer.Ordinal)],
            [.. Included(xml, "PackageReference").Order(StringComparer.Ordinal)],
            [.. Included(xml, "FrameworkReference")]);
    }

    private static IEnumerable<string> Included(XDocument xml, string element) =>
        xml.Descendants(element).Select(e => (string?)e.Attribute("Include")).OfType<string>();
}
