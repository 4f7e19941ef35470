namespace Caisson.Endpoint.Shelf;

/// <summary>
/// How much of an image the scrub reads now; a function. A pass shall end within seven days of the one before although a PC is switched off at
/// night: it begins three days after, is spread over a day of running time, and hurries when the seven days run out.
/// </summary>
internal static class ScrubPace
{
    public static readonly TimeSpan Interval = TimeSpan.FromDays(7);

    private static readonly TimeSpan Rest = TimeSpan.FromDays(3);

    private static readonly TimeSpan Spread = TimeSpan.FromDays(1);

    /// <summary>However late: a second's reading of a slow disk in each step.</summary>
    private const long MostBytes = 128L << 20;

    /// <param name="leftBytes">Of the pass under way.</param>
    /// <param name="began">When it began; null: it has not.</param>
    /// <param name="lastPass">When the one before ended; null: there was none.</param>
    /// <param name="step">How long until this is asked again.</param>
    public static long BytesNow(long leftBytes, DateTimeOffset? began, DateTimeOffset? lastPass, DateTimeOffset now, TimeSpan step)
    {
        if (leftBytes <= 0 || (began is null && lastPass is { } last && now - last < Rest && now >= last))
        {
            return 0;
        }

        var due = (lastPass ?? began ?? now) + Interval - Spread; // A PC that was off when it was due still has that day.
        var time = due - now < Spread ? due - now : Spread;
        return time <= step ? MostBytes : Math.Clamp((long)(leftBytes * (step / time)), 1, MostBytes);
    }
}
