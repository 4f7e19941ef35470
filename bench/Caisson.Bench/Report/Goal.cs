using System.Globalization;

namespace Caisson.Bench.Report;

/// <summary>A number that is promised, and what was measured for it.</summary>
/// <param name="What">What is measured, in words.</param>
/// <param name="Value">Not a number: not measured in this run.</param>
/// <param name="AtMost">True: met at or below the limit. False: at or above.</param>
/// <param name="Unit">After the numbers, as in "0.50 × casync".</param>
internal sealed record Goal(string What, double Value, double Limit, bool AtMost, string Unit, bool IsMoonshot = false)
{
    public static Goal Most(string what, double value, double limit, string unit) => new(what, value, limit, AtMost: true, unit);

    public static Goal Least(string what, double value, double limit, string unit) => new(what, value, limit, AtMost: false, unit);

    public bool IsMeasured => !double.IsNaN(Value);

    public bool IsMet => AtMost ? Value <= Limit : Value >= Limit;

    public string Verdict => !IsMeasured ? "not run" : IsMet ? "met" : IsMoonshot ? "not reached" : "**not met**";

    public string Row() => $"| {What} | {(IsMoonshot ? "moonshot " : "")}{(AtMost ? "≤" : "≥")} {Number(Limit)}{Unit} | {(IsMeasured ? Number(Value) + Unit : "–")} | {Verdict} |";

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 20 ? "F0" : "0.##", CultureInfo.InvariantCulture);
}
