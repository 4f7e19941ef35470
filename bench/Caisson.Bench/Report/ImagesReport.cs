using System.Globalization;
using System.Text;

namespace Caisson.Bench.Report;

/// <summary>What an update costs, tool by tool, on the same images in the same run.</summary>
internal sealed class ImagesReport(Results results)
{
    private const double Mebi = 1 << 20;

    private static readonly (string Key, string Name)[] Tools =
    [
        ("caisson", "Caisson, delta"), ("casync", "casync"), ("xdelta3", "xdelta3 -1 ¹"), ("patchfrom", "zstd -3 --patch-from ¹"),
        ("qcow2", "qcow2 overlay, zstd"), ("layer", "container layer, zstd"), ("full", "whole image, zstd -3"),
    ];

    private static readonly (string Key, string Name)[] Pairs = [("v1-v2a", "v1 → v2a"), ("v1-v2b", "v1 → v2b"), ("v2a-v3", "v2a → v3")];

    public Section Section()
    {
        var goals = Goals().ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{results.Text("fact.machine")}; {results.Text("fact.tools")}. {results.Text("fact.date")}, `./dev bench images`.\n\n");
        text.Append("![Bytes on the wire, by tool and update](benchmarks/images.svg)\n\n").Append(Page.GoalTable(goals)).Append('\n');
        text.Append("Megabytes on the wire; CPU seconds (user and system) and peak memory are those of v1 → v2a; every result is compared byte for byte.\n\n");
        text.Append("| | v1 → v2a | v1 → v2b | v2a → v3 | prepare, CPU s | its peak, MB | apply, CPU s | its peak, MB | same bytes |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (var (key, name) in Tools)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {string.Join(" | ", Pairs.Select(p => Wire(key, p.Key)))} | {Cost(key, "prepare")} | {Cost(key, "apply")} | {Verified(key)} |\n");
        }

        text.Append("\n¹ On images whose zero blocks were taken out beforehand, at no cost to the tool: 6 GiB as they are is more than it takes.\n\n");
        text.Append(Store());
        return new Section(text.ToString(), goals, Chart());
    }

    private double Bytes(string tool, string pair) => results[$"{tool}.{pair}.wire"];

    private double ImportCpu => results["caisson.import-v2a.cpu"];

    private IEnumerable<Goal> Goals()
    {
        yield return Goal.Most("results that are not the image, byte for byte", results.Wrong, 0, "");
        yield return Goal.Most("wire, v1 → v2a", Bytes("caisson", "v1-v2a") / Bytes("casync", "v1-v2a"), 0.50, " × casync");
        yield return Goal.Most("wire, v1 → v2a", Bytes("caisson", "v1-v2a") / Bytes("casync", "v1-v2a"), 0.40, " × casync") with { IsMoonshot = true };
        yield return Goal.Most("wire, v1 → v2b", Bytes("caisson", "v1-v2b") / Bytes("casync", "v1-v2b"), 0.40, " × casync");
        yield return Goal.Most("wire, v2a → v3", Bytes("caisson", "v2a-v3") / Bytes("casync", "v2a-v3"), 0.85, " × casync");
        yield return Goal.Most("wire, rebuilt image against one upgraded in place", 100 * Math.Abs((Bytes("caisson", "v1-v2b") / Bytes("caisson", "v1-v2a")) - 1), 5, " % apart");
        foreach (var (pair, name) in Pairs)
        {
            yield return Goal.Most($"wire, {name}", Bytes("caisson", pair) / Bytes("patchfrom", pair), 0.90, " × zstd --patch-from");
        }

        yield return Goal.Most("prepare: import v2a and make its delta, CPU", (ImportCpu + results["caisson.v1-v2a.prepare.cpu"]) / results["casync.v1-v2a.prepare.cpu"], 1, " × casync make");
        yield return Goal.Most("the same, CPU a byte on a disk of twice the size", (results["caisson.twice-v2a.cpu"] + results["caisson.twice-delta.cpu"]) / (ImportCpu + results["caisson.v1-v2a.prepare.cpu"]) / 2, 1.15, " × of one");
        yield return Goal.Most("prepare, peak memory", Math.Max(results["caisson.import-v2a.rss"], results["caisson.v1-v2a.prepare.rss"]) / Mebi, 512, " MiB");
        yield return Goal.Most("apply v1 → v2a, CPU", results["caisson.v1-v2a.apply.cpu"] / results["casync.v1-v2a.apply.cpu"], 0.15, " × casync extract");
        yield return Goal.Most("apply, peak memory", Pairs.Max(p => results[$"caisson.{p.Key}.apply.rss"]) / Mebi, 100, " MiB");
        yield return Goal.Least("import uncompressed, a core", results["data.v1"] / results["caisson.import-plain.cpu"] / results["speed.sha256"], 0.70, " × SHA-256 alone");
        yield return Goal.Least("import with zstd -3, a core", results["data.v1"] / results["caisson.import-v1.cpu"] / results["speed.zstd"], 0.85, " × that zstd alone");
        yield return Goal.Most("store of v1, v2a, v2b and v3", results["caisson.store"] / results["casync.store"], 0.90, " × casync's");
    }

    private string Wire(string tool, string pair) =>
        results.Text($"{tool}.{pair}.status") is { Length: > 0 } status ? status : Number(Bytes(tool, pair) / 1e6);

    /// <summary>Ours counts the import too: nothing is published without one.</summary>
    private string Cost(string tool, string step)
    {
        var (cpu, peak) = (results[$"{tool}.v1-v2a.{step}.cpu"], results[$"{tool}.v1-v2a.{step}.rss"]);
        if ((tool, step) is ("caisson", "prepare"))
        {
            (cpu, peak) = (cpu + ImportCpu, Math.Max(peak, results["caisson.import-v2a.rss"]));
        }

        return $"{Number(cpu)} | {(double.IsNaN(peak) ? "–" : (peak / 1e6).ToString("F0", CultureInfo.InvariantCulture))}";
    }

    private string Verified(string tool)
    {
        var checks = Pairs.Select(p => results.Text($"{tool}.{p.Key}.same")).Where(t => t.Length > 0).ToList();
        return checks.Count == 0 ? "–" : checks.All(c => c == "yes") ? "yes" : "**no**";
    }

    private string Store()
    {
        var text = new StringBuilder("| | Caisson | casync |\n|---|---|---|\n");
        text.Append(CultureInfo.InvariantCulture, $"| store of v1, v2a, v2b and v3, MB | {Number(results["caisson.store"] / 1e6)} | {Number(results["casync.store"] / 1e6)} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| files in it | {results.Text("caisson.files")} | {results.Text("casync.files")} |\n");
        text.Append(CultureInfo.InvariantCulture, $"| first image into an empty store, CPU s | {Number(results["caisson.import-v1.cpu"])} | {Number(results["casync.make-v1.cpu"])} |\n\n");
        text.Append(CultureInfo.InvariantCulture, $"In this run a core did {Number(results["speed.sha256"] / 1e6)} MB/s of SHA-256 and {Number(results["speed.zstd"] / 1e6)} MB/s of our zstd -3 on v1's data ({Number(results["data.v1"] / 1e6)} MB);");
        text.Append(CultureInfo.InvariantCulture, $" an import did {Number(results["data.v1"] / 1e6 / results["caisson.import-plain.cpu"])} MB a CPU second uncompressed and {Number(results["data.v1"] / 1e6 / results["caisson.import-v1.cpu"])} with zstd.\n");
        return text.ToString();
    }

    private string? Chart()
    {
        var chart = new BarChart("An update on the wire (less is better)", "MB");
        foreach (var (pair, name) in Pairs)
        {
            chart.Add(name, Tools.Select(t => new BarChart.Bar(t.Name.TrimEnd('¹', ' '), Bytes(t.Key, pair) / 1e6, t.Key == "caisson")));
        }

        return chart.Draw();
    }

    private static string Number(double value) => double.IsNaN(value) ? "–" : value.ToString(Math.Abs(value) >= 100 ? "F0" : "0.#", CultureInfo.InvariantCulture);
}
