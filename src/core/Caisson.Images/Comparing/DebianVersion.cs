namespace Caisson.Images;

/// <summary>The order of Debian package versions (Debian policy 5.6.12): [epoch:]upstream[-revision], digits as numbers, ~ before everything.</summary>
internal static class DebianVersion
{
    public static int Compare(string left, string right)
    {
        var ((leftEpoch, leftUpstream, leftRevision), (rightEpoch, rightUpstream, rightRevision)) = (Split(left), Split(right));
        return CompareNumbers(leftEpoch, rightEpoch) is not 0 and var epoch ? epoch
            : ComparePart(leftUpstream, rightUpstream) is not 0 and var upstream ? upstream
            : ComparePart(leftRevision, rightRevision);
    }

    private static (string Epoch, string Upstream, string Revision) Split(string version)
    {
        var colon = version.IndexOf(':', StringComparison.Ordinal);
        var rest = version[(colon + 1)..];
        var hyphen = rest.LastIndexOf('-');
        return (colon < 0 ? "" : version[..colon], hyphen < 0 ? rest : rest[..hyphen], hyphen < 0 ? "" : rest[(hyphen + 1)..]);
    }

    private static int ComparePart(string left, string right)
    {
        var (i, j) = (0, 0);
        while (i < left.Length || j < right.Length)
        {
            while ((i < left.Length && !char.IsAsciiDigit(left[i])) || (j < right.Length && !char.IsAsciiDigit(right[j])))
            {
                var order = Order(left, i).CompareTo(Order(right, j));
                if (order != 0)
                {
                    return order;
                }

                (i, j) = (i + 1, j + 1);
            }

            var (leftNumber, rightNumber) = (Digits(left, ref i), Digits(right, ref j));
            if (CompareNumbers(leftNumber, rightNumber) is not 0 and var number)
            {
                return number;
            }
        }

        return 0;
    }

    // The end of a part and a digit weigh nothing, ~ less than that, letters more, other characters more than letters.
    private static int Order(string text, int at) => at >= text.Length || char.IsAsciiDigit(text[at]) ? 0 : text[at] switch
    {
        '~' => -1,
        var letter when char.IsAsciiLetter(letter) => letter,
        var other => other + 256,
    };

    private static string Digits(string text, ref int at)
    {
        var from = Math.Min(at, text.Length);
        at = from;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
        {
            at++;
        }

        return text[from..at].TrimStart('0');
    }

    private static int CompareNumbers(string left, string right)
    {
        (left, right) = (left.TrimStart('0'), right.TrimStart('0'));
        return left.Length != right.Length ? left.Length.CompareTo(right.Length) : string.CompareOrdinal(left, right);
    }
}
