using System.Globalization;

namespace Caisson.Slots;

/// <summary>
/// A version of the appliance as the loader sees it: a kernel in <c>EFI/Linux</c> of the ESP, whose name counts its tries (systemd, Automatic Boot
/// Assessment): <c>caisson_7+2.efi</c> has two left, <c>caisson_7+1-1.efi</c> one left after one, <c>caisson_7+0-2.efi</c> failed, and
/// <c>caisson_7.efi</c> is good.
/// </summary>
/// <param name="Version">From 1.</param>
/// <param name="TriesLeft">Null: it is good and nothing is counted.</param>
public sealed record BootEntry(int Version, int? TriesLeft = null, int TriesDone = 0)
{
    private const string Prefix = "caisson_";
    private const string Suffix = ".efi";

    public bool IsGood => TriesLeft is null;

    /// <summary>All its tries are used up: the loader takes it only where there is nothing else.</summary>
    public bool IsSpent => TriesLeft == 0;

    public string FileName
    {
        get
        {
            var tries = TriesLeft is not { } left ? "" : TriesDone == 0 ? $"+{left.ToString(CultureInfo.InvariantCulture)}" : $"+{left.ToString(CultureInfo.InvariantCulture)}-{TriesDone.ToString(CultureInfo.InvariantCulture)}";
            return $"{Prefix}{Version.ToString(CultureInfo.InvariantCulture)}{tries}{Suffix}";
        }
    }

    /// <returns>Null: not one of the appliance's own entries.</returns>
    public static BootEntry? TryParse(string fileName)
    {
        if (!fileName.StartsWith(Prefix, StringComparison.Ordinal) || !fileName.EndsWith(Suffix, StringComparison.Ordinal) || fileName.Length <= Prefix.Length + Suffix.Length)
        {
            return null;
        }

        var parts = fileName[Prefix.Length..^Suffix.Length].Split('+');
        if (Number(parts[0]) is not (> 0 and var version))
        {
            return null;
        }

        return parts.Length switch
        {
            1 => new BootEntry(version),
            2 when parts[1].Split('-') is [var left] && Number(left) is { } l => new BootEntry(version, l),
            2 when parts[1].Split('-') is [var left, var done] && Number(left) is { } l && Number(done) is { } d => new BootEntry(version, l, d),
            _ => null,
        };
    }

    /// <summary>Digits only, as the build writes them: no sign, no leading zero, at most nine.</summary>
    private static int? Number(string text) =>
        text.Length is > 0 and <= 9 && text.All(char.IsAsciiDigit) && (text.Length == 1 || text[0] != '0') ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
