using System.Globalization;

namespace Caisson.Bench.Report;

/// <summary>What the scripts measured: lines of a name, a tab and a value. Names are dotted paths, TOOL.PAIR.METRIC; a later line wins.</summary>
internal sealed class Results
{
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Values => _values;

    public static Results Read(string file)
    {
        var results = new Results();
        foreach (var line in File.ReadLines(file))
        {
            if (line.Split('\t', 2) is [var name, var value])
            {
                results._values[name] = value;
            }
        }

        return results;
    }

    /// <summary>Not a number: it was not measured.</summary>
    public double this[string name] =>
        _values.TryGetValue(name, out var text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : double.NaN;

    /// <summary>How many results were compared with the image they must be and are not; not a number: none was compared.</summary>
    public double Wrong => _values.Where(value => value.Key.EndsWith(".same", StringComparison.Ordinal)).Select(value => value.Value == "yes" ? 0.0 : 1.0).DefaultIfEmpty(double.NaN).Sum();

    public string Text(string name) => _values.GetValueOrDefault(name, "");

    public double Median(string name)
    {
        double[] sorted = [.. Text(name).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(v => double.Parse(v, CultureInfo.InvariantCulture)).Order()];
        return sorted.Length == 0 ? double.NaN : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
