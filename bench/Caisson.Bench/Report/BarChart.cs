using System.Globalization;
using System.Security;
using System.Text;

namespace Caisson.Bench.Report;

/// <summary>
/// Groups of horizontal bars as an SVG that reads on light and on dark pages: it brings its own background and follows the reader's scheme.
/// Ours is told apart by colour and by weight, never by colour alone.
/// </summary>
internal sealed class BarChart(string title, string unit)
{
    private const int Width = 760;
    private const int LabelWidth = 210;
    private const int BarHeight = 16;
    private const int Row = 22;

    private readonly List<(string Name, IReadOnlyList<Bar> Bars)> _groups = [];

    internal sealed record Bar(string Label, double Value, bool IsOurs);

    public void Add(string group, IEnumerable<Bar> bars)
    {
        Bar[] known = [.. bars.Where(b => !double.IsNaN(b.Value))];
        if (known.Length > 0)
        {
            _groups.Add((group, known));
        }
    }

    public string? Draw()
    {
        if (_groups.Count == 0)
        {
            return null;
        }

        var height = 56 + _groups.Sum(g => 34 + (g.Bars.Count * Row));
        var scale = (Width - LabelWidth - 90) / _groups.Max(g => g.Bars.Max(b => b.Value));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {height}" width="{Width}" height="{height}" role="img" aria-label="{Escape(title)}">
            <style>
              .page {"{ fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif } .title { font-size: 15px; font-weight: 600 }"}
              .group {"{ font-weight: 600 } .ours { font-weight: 600 } .bar { fill: #8b949e } .bar.ours { fill: #0b6bcb }"}
              @media (prefers-color-scheme: dark) {"{ .page { fill: #0d1117 } text { fill: #e6edf3 } .bar { fill: #6e7681 } .bar.ours { fill: #58a6ff } }"}
            </style>
            <rect class="page" width="{Width}" height="{height}" rx="6"/>
            <text class="title" x="16" y="30">{Escape(title)}</text>

            """);
        var y = 48;
        foreach (var (name, bars) in _groups)
        {
            y += 24;
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"group\" x=\"16\" y=\"{y}\">{Escape(name)}</text>\n");
            y += 8;
            foreach (var bar in bars)
            {
                var (length, ours) = (Math.Max(1, bar.Value * scale), bar.IsOurs ? " ours" : "");
                svg.Append(CultureInfo.InvariantCulture, $"<text class=\"label{ours}\" x=\"{LabelWidth - 8}\" y=\"{y + 13}\" text-anchor=\"end\">{Escape(bar.Label)}</text>");
                svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"bar{ours}\" x=\"{LabelWidth}\" y=\"{y}\" width=\"{length:F1}\" height=\"{BarHeight}\" rx=\"2\"/>");
                svg.Append(CultureInfo.InvariantCulture, $"<text class=\"label{ours}\" x=\"{LabelWidth + length + 6:F1}\" y=\"{y + 13}\">{bar.Value:0.#} {Escape(unit)}</text>\n");
                y += Row;
            }

            y += 2;
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static string Escape(string text) => SecurityElement.Escape(text);
}
