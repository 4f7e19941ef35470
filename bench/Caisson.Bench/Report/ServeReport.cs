using System.Globalization;
using System.Text;

namespace Caisson.Bench.Report;

/// <summary>How fast what is here is given out: NBD beside qemu-nbd, the registry beside nginx. Medians over alternating rounds.</summary>
internal sealed class ServeReport(Results results)
{
    private static readonly (string Key, string Name, string Unit)[] Workloads =
    [
        ("copy1", "nbdcopy, one connection", "MB/s"), ("copy4", "nbdcopy, four connections", "MB/s"),
        ("img1", "qemu-img bench, 4 KiB, depth 1", "reads/s"), ("img16", "qemu-img bench, 4 KiB, depth 16", "reads/s"),
        ("img64k", "qemu-img bench, 64 KiB, depth 16", "reads/s"),
        ("fio1", "fio, 4 KiB at random, depth 1", "reads/s"), ("fio16", "fio, 4 KiB at random, depth 16", "reads/s"),
    ];

    public Section Section()
    {
        var goals = Goals().ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{results.Text("fact.machine")}; {results.Text("fact.tools")}. {results.Text("fact.date")}, `./dev bench serve`.\n\n");
        text.Append("![Speed beside qemu-nbd and nginx](benchmarks/serve.svg)\n\n").Append(Page.GoalTable(goals)).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"The same raw file in the page cache, a Unix socket, {results.Text("fact.rounds")} alternating rounds, medians; in brackets the lowest and highest ratio of a round.\n\n");
        text.Append("| | qemu-nbd | Caisson | ratio | server CPU, ratio |\n|---|---|---|---|---|\n");
        foreach (var (key, name, unit) in Workloads.Where(w => !double.IsNaN(Ratio(w.Key))))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {results.Median($"qemu.{key}"):F0} {unit} | {results.Median($"caisson.{key}"):F0} {unit} | {Ratio(key):F2} [{Span(key)}] | {results.Median($"caisson.{key}.cpu") / results.Median($"qemu.{key}.cpu"):F2} |\n");
        }

        text.Append("\nPacks over HTTPS, TLS 1.3, ranges of 256 KiB (a frame at most) and whole packs of 4 MiB; the server on one core, the client on another:\n\n");
        text.Append("| | nginx | Caisson | ratio | ratio of elapsed speed |\n|---|---|---|---|---|\n");
        foreach (var (key, name) in Https.Where(h => !double.IsNaN(Origin(h.Key))))
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {results.Median($"nginx.{key}"):F0} MB a CPU second | {results.Median($"origin.{key}"):F0} MB a CPU second | {Origin(key):F2} | {results.Median($"origin.{key}.speed") / results.Median($"nginx.{key}.speed"):F2} |\n");
        }

        return new Section(text.ToString(), goals, Chart());
    }

    private static readonly (string Key, string Name)[] Https = [("range", "ranges of 256 KiB"), ("pack", "whole packs")];

    private double Ratio(string key) => results.Median($"caisson.{key}") / results.Median($"qemu.{key}");

    private double Origin(string key) => results.Median($"origin.{key}") / results.Median($"nginx.{key}");

    private string Span(string key)
    {
        var ours = Numbers($"caisson.{key}");
        var theirs = Numbers($"qemu.{key}");
        double[] ratios = [.. ours.Zip(theirs, (a, b) => a / b)];
        return ratios.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{ratios.Min():F2}–{ratios.Max():F2}");
    }

    private double[] Numbers(string name) =>
        [.. results.Text(name).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, CultureInfo.InvariantCulture))];

    private IEnumerable<Goal> Goals()
    {
        const string Qemu = " × qemu-nbd";
        yield return Goal.Least("nbdcopy, one connection", Ratio("copy1"), 1, Qemu);
        yield return Goal.Least("nbdcopy, four connections", Ratio("copy4"), 1, Qemu);
        foreach (var (key, name, _) in Workloads.Where(w => w.Key is "img16" or "img64k" or "fio16"))
        {
            yield return Goal.Least(name, Ratio(key), 1, Qemu);
            yield return Goal.Least(name, Ratio(key), 2, Qemu) with { IsMoonshot = true };
        }

        yield return Goal.Least("qemu-img bench, 4 KiB, depth 1", Ratio("img1"), 0.9, Qemu);
        yield return Goal.Least("fio, 4 KiB at random, depth 1", Ratio("fio1"), 0.9, Qemu);
        foreach (var (key, name) in Https)
        {
            yield return Goal.Least($"origin over HTTPS, a core, {name}", Origin(key), 0.7, " × nginx");
        }
    }

    private string? Chart()
    {
        var chart = new BarChart("Speed beside qemu-nbd and nginx (1 = as fast, more is better)", "×");
        chart.Add("reads through NBD, against qemu-nbd", Workloads.Select(w => new BarChart.Bar(w.Name, Ratio(w.Key), IsOurs: true)));
        chart.Add("packs over HTTPS a CPU second, against nginx", Https.Select(h => new BarChart.Bar(h.Name, Origin(h.Key), IsOurs: true)));
        return chart.Draw();
    }
}
