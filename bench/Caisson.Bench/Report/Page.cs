using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Caisson.Bench.Report;

/// <summary>Puts what was measured on paper: a section of docs/benchmarks.md between two marks, a chart beside it, and the numbers as JSON.</summary>
internal static class Page
{
    /// <param name="docs">The docs folder; null only prints.</param>
    /// <returns>0: every goal that was measured is met. 3: some are not.</returns>
    public static int Write(string kind, string file, string? docs)
    {
        var results = Results.Read(file);
        Section section = kind switch
        {
            "images" => new ImagesReport(results).Section(),
            "serve" => new ServeReport(results).Section(),
            "boot" => new BootReport(results).Section(),
            _ => throw new FormatException($"There is no report '{kind}'; there are images, serve and boot."),
        };
        if (docs is null)
        {
            Console.Out.Write(section.Markdown);
        }
        else
        {
            Directory.CreateDirectory(Path.Combine(docs, "benchmarks"));
            Replace(Path.Combine(docs, "benchmarks.md"), kind, section.Markdown);
            if (section.Chart is not null)
            {
                File.WriteAllText(Path.Combine(docs, "benchmarks", $"{kind}.svg"), section.Chart);
            }

            File.WriteAllText(Path.Combine(docs, "benchmarks", $"{kind}.json"), Json(results, section));
        }

        File.WriteAllText(Path.ChangeExtension(file, ".json"), Json(results, section));
        return section.Goals.Any(g => g is { IsMeasured: true, IsMet: false, IsMoonshot: false }) ? 3 : 0;
    }

    public static string GoalTable(IEnumerable<Goal> goals) =>
        $"| | goal | measured | |\n|---|---|---|---|\n{string.Join('\n', goals.Select(g => g.Row()))}\n";

    private static void Replace(string page, string kind, string markdown)
    {
        var (begin, end) = ($"<!-- {kind}: written by ./dev bench {kind} -->", $"<!-- end of {kind} -->");
        var text = File.ReadAllText(page);
        var (from, to) = (text.IndexOf(begin, StringComparison.Ordinal), text.IndexOf(end, StringComparison.Ordinal));
        if (from < 0 || to < from)
        {
            throw new FormatException($"{page} has no place for '{kind}': the lines '{begin}' and '{end}' are missing.");
        }

        File.WriteAllText(page, $"{text[..from]}{begin}\n{markdown}\n{text[to..]}");
    }

    private static string Json(Results results, Section section)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartArray("goals");
            foreach (var goal in section.Goals)
            {
                json.WriteStartObject();
                json.WriteString("what", goal.What);
                json.WriteNumber(goal.AtMost ? "at_most" : "at_least", goal.Limit);
                json.WriteString("unit", goal.Unit.Trim());
                if (goal.IsMeasured)
                {
                    json.WriteNumber("measured", Math.Round(goal.Value, 4));
                    json.WriteBoolean("met", goal.IsMet);
                }

                json.WriteBoolean("moonshot", goal.IsMoonshot);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("values");
            foreach (var (name, value) in results.Values.OrderBy(v => v.Key, StringComparer.Ordinal))
            {
                if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                {
                    json.WriteNumber(name, number);
                }
                else
                {
                    json.WriteString(name, value);
                }
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }
}

/// <summary>One report: its text, its goals, and its picture if it has one.</summary>
internal sealed record Section(string Markdown, IReadOnlyList<Goal> Goals, string? Chart = null);
