using System.Globalization;
using System.Text;

namespace Caisson.Bench.Report;

/// <summary>The first boot of a desktop whose image is not here yet, beside one from a local file.</summary>
internal sealed class BootReport(Results results)
{
    private static readonly (string Key, string Name)[] Lines =
    [
        ("local", "local raw file"), ("fast", "streamed, as fast as the line goes"), ("dsl100", "streamed, 100 Mbit/s and 20 ms"), ("dsl10", "streamed, 10 Mbit/s and 20 ms"),
    ];

    public Section Section()
    {
        var goals = Goals().ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{results.Text("fact.machine")}; {results.Text("fact.tools")}. {results.Text("fact.date")}, `./dev bench boot`.\n\n");
        text.Append(Page.GoalTable(goals));
        text.Append(CultureInfo.InvariantCulture, $"\nThe image holds {results["boot.data"] / 1e6:F0} MB of data, {results["boot.stored"] / 1e6:F0} MB stored. Boots under emulation; bytes are those that had left the server.\n\n");
        text.Append("| | no profile: heartbeat, s | × local | MB by then | of the stored | learned profile: heartbeat, s | × local | MB by then | of the stored |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (var (key, name) in Lines)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {Cells($"{key}.plain")} | {Cells($"{key}.profile")} |\n");
        }

        return new Section(text.ToString(), goals);
    }

    private double Local => results.Median("local.plain.seconds");

    private double Share(string run) => 100 * results.Median($"{run}.bytes") / results["boot.stored"];

    private string Cells(string run) => string.Join(
        " | ",
        Cell(results.Median($"{run}.seconds"), "F1"),
        Cell(results.Median($"{run}.seconds") / Local, "F2"),
        Cell(results.Median($"{run}.bytes") / 1e6, "F0"),
        Cell(Share(run), "F0") is var share && share != "–" ? share + " %" : "–");

    private static string Cell(double value, string format) => double.IsNaN(value) ? "–" : value.ToString(format, CultureInfo.InvariantCulture);

    private IEnumerable<Goal> Goals()
    {
        yield return Goal.Most("bytes at the first heartbeat, no profile", Share("fast.plain"), 25, " % of the stored");
        yield return Goal.Most("bytes at the first heartbeat, learned profile", Share("fast.profile"), 20, " % of the stored");
        yield return Goal.Most("first heartbeat at 100 Mbit/s and 20 ms, no profile", results.Median("dsl100.plain.seconds") / Local, 1.3, " × local");
        yield return Goal.Most("first heartbeat at 100 Mbit/s and 20 ms, learned profile", results.Median("dsl100.profile.seconds") / Local, 1.3, " × local");
        yield return Goal.Most("boots at 10 Mbit/s", results.Median("dsl10.plain.seconds"), 600, " s to the heartbeat");
    }
}
