using System.Globalization;
using System.Text;

namespace Caisson.FileSystems;

/// <summary>Names from a foreign disk, for people: nothing in them moves a cursor, hides or turns text.</summary>
public static class FileNames
{
    /// <summary>UTF-8 where it is; what cannot be shown is a question mark.</summary>
    public static string Readable(string name)
    {
        var text = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(name));
        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            shown.Append(IsShown(rune) ? rune.ToString() : "?");
        }

        return shown.ToString();
    }

    /// <summary>A name as Unicode gives it, in the form file systems here use.</summary>
    internal static string FromText(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static bool IsShown(Rune rune) => rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned);
}
