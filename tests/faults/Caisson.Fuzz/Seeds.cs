using System.Globalization;

namespace Caisson.Fuzz;

/// <summary>The corpus: a folder for each parser with the inputs it begins from and those that once broke it.</summary>
internal static class Seeds
{
    /// <summary>Inputs that once broke a parser; each is a regression test.</summary>
    private static string Crashers => Path.Combine(AppContext.BaseDirectory, "crashers");

    public static async Task WriteAsync(string folder)
    {
        foreach (var parser in Parsers.All)
        {
            var target = Directory.CreateDirectory(Path.Combine(folder, parser.Name)).FullName;
            var number = 0;
            foreach (var seed in parser.Seeds().Concat(CrashersOf(parser)))
            {
                await File.WriteAllBytesAsync(Path.Combine(target, (number++).ToString("d3", CultureInfo.InvariantCulture)), seed);
            }
        }
    }

    public static IEnumerable<byte[]> CrashersOf(Parser parser)
    {
        var folder = Path.Combine(Crashers, parser.Name);
        return Directory.Exists(folder) ? Directory.GetFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];
    }
}
