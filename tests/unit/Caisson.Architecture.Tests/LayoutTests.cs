namespace Caisson.Architecture.Tests;

/// <summary>Three tiers, arrows only downward. A new arrow or package is a decision, so it is written here.</summary>
public sealed class LayoutTests
{
    private static readonly Dictionary<string, string[]> ReferenceMap = new(StringComparer.Ordinal)
    {
        ["Caisson.Qmp"] = [],
        ["Caisson.Nbd"] = [],
        ["Caisson.Chunks"] = [],
        ["Caisson.FileSystems"] = [],
        ["Caisson.Trust"] = [],
        ["Caisson.Protocol"] = [],
        ["Caisson.Hardware"] = [],
        ["Caisson.Installing"] = [],
        ["Caisson.Images"] = ["Caisson.Chunks", "Caisson.FileSystems", "Caisson.Nbd", "Caisson.Protocol"],
        ["Caisson.Machines"] = ["Caisson.Protocol", "Caisson.Qmp"],
        ["Caisson.Slots"] = ["Caisson.FileSystems"],
        ["Caisson.Endpoint"] = ["Caisson.FileSystems", "Caisson.Images", "Caisson.Machines", "Caisson.Protocol", "Caisson.Slots", "Caisson.Trust"],
        ["Caisson.ControlPlane"] = ["Caisson.Images", "Caisson.Protocol", "Caisson.Trust"],
        ["Caisson.Cli"] = ["Caisson.Hardware", "Caisson.Images", "Caisson.Installing", "Caisson.Machines", "Caisson.Protocol"],
        ["Caisson.Demo"] = ["Caisson.Machines", "Caisson.Protocol"],
        ["Caisson.GuestTools"] = [],
        ["Caisson.Launcher"] = [],
    };

    private static readonly Dictionary<string, string[]> Packages = new(StringComparer.Ordinal)
    {
        ["Caisson.Chunks"] = ["System.IO.Hashing"],
        ["Caisson.Endpoint"] = ["Microsoft.Extensions.Hosting.Systemd", "System.CommandLine", "System.Security.Cryptography.Pkcs"],
        ["Caisson.ControlPlane"] =
        [
            "Microsoft.AspNetCore.OpenApi", "Microsoft.EntityFrameworkCore.Design", "Microsoft.EntityFrameworkCore.Sqlite",
            "Microsoft.Extensions.Hosting.Systemd", "Scalar.AspNetCore",
        ],
        ["Caisson.Cli"] = ["Spectre.Console", "System.CommandLine"],
        ["Caisson.Demo"] = ["Microsoft.Playwright", "Spectre.Console"],
    };

    /// <summary>What a tier may use at all, whichever of its projects.</summary>
    private static readonly Dictionary<string, string[]> TierPackages = new(StringComparer.Ordinal)
    {
        ["lib"] = ["System.IO.Hashing"], // codecs and hashes, nothing that knows a product
        ["core"] = [],
        ["tests"] = ["CsCheck", "Microsoft.AspNetCore.Mvc.Testing", "Microsoft.Playwright", "SharpFuzz", "xunit.v3"],
    };

    [Fact]
    public void Projects_refer_to_each_other_exactly_as_the_map_says()
    {
        var actual = Project.Product.ToDictionary(p => p.Name, p => p.References, StringComparer.Ordinal);
        Assert.Equal(ReferenceMap.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(ReferenceMap, expected => Assert.Equal(expected.Value, actual[expected.Key]));
    }

    [Fact]
    public void The_benchmarks_use_the_product_as_it_is_and_nothing_uses_them()
    {
        var bench = Assert.Single(Project.All, p => p.Tier == "bench");
        Assert.Equal(["Caisson.Images"], bench.References);
        Assert.Empty(bench.Packages);
        Assert.DoesNotContain(Project.All, p => p.References.Contains(bench.Name));
    }

    [Fact]
    public void Arrows_point_only_downward_and_apps_never_know_each_other()
    {
        string[] tiers = ["lib", "core", "apps"];
        var tierOf = Project.Product.ToDictionary(p => p.Name, p => Array.IndexOf(tiers, p.Tier), StringComparer.Ordinal);
        var broken =
            from project in Project.Product
            from reference in project.References
            let user = tierOf[project.Name]
            let used = tierOf[reference]
            where used > user || (used == user && (project.Tier != "core" || reference != "Caisson.Protocol"))
            select $"{project.Name} -> {reference}";
        Assert.Empty(broken);
    }

    [Fact]
    public void A_project_uses_the_packages_listed_for_it_and_no_other()
    {
        Assert.All(Project.Product, p => Assert.Equal(Packages.GetValueOrDefault(p.Name, []), p.Packages));
        Assert.All(Project.All.Where(p => TierPackages.ContainsKey(p.Tier)), p => Assert.Subset(TierPackages[p.Tier].ToHashSet(), p.Packages.ToHashSet()));
    }

    [Fact]
    public void The_web_and_the_host_belong_to_apps() =>
        Assert.Empty(Project.Product.Where(p => p.Tier != "apps" && p.Frameworks.Count > 0).Select(p => p.Name));

    [Fact]
    public void Only_the_control_plane_knows_a_database() =>
        Assert.Empty(Repository.Sources
            .Where(f => f.IsProduct && !f.Path.StartsWith("src/apps/Caisson.ControlPlane/", StringComparison.Ordinal) && f.Text.Contains("Microsoft.EntityFrameworkCore", StringComparison.Ordinal))
            .Select(f => f.Path));

    [Fact]
    public void The_library_tier_knows_nothing_of_the_product() =>
        Assert.Empty(
            from file in Repository.Sources
            where file.Path.StartsWith("src/lib/", StringComparison.Ordinal)
            from word in (string[])["Caisson.Protocol", "Caisson.Images", "Caisson.Machines", "Caisson.Endpoint", "Caisson.ControlPlane"]
            where file.Text.Contains($"using {word}", StringComparison.Ordinal)
            select $"{file.Path} uses {word}");

    [Fact]
    public void Every_project_is_in_the_solution_and_has_a_lock_file()
    {
        var solution = Repository.Read("Caisson.slnx").Replace('\\', '/');
        Assert.Empty(Project.All.Where(p => !solution.Contains(p.Path, StringComparison.Ordinal)).Select(p => p.Path));
        Assert.Empty(Project.All.Where(p => !Repository.Exists(Path.Combine(Path.GetDirectoryName(p.Path)!, "packages.lock.json"))).Select(p => p.Path));
    }

    [Fact]
    public void Every_project_has_unit_tests_of_its_name_which_refer_to_it_alone()
    {
        // The demo starts the other executables; `./dev up --check` is its test.
        var missing = Project.Product.Where(p => p.Name != "Caisson.Demo" && !Repository.Exists($"tests/unit/{p.Name}.Tests/{p.Name}.Tests.csproj")).Select(p => p.Name);
        Assert.Empty(missing);
        var units = Project.All.Where(p => p.Path.StartsWith("tests/unit/", StringComparison.Ordinal) && p.Name != "Caisson.Architecture.Tests");
        Assert.All(units, p => Assert.Equal([p.Name[..^".Tests".Length]], p.References.Where(r => r != "Caisson.Testing")));
    }
}
