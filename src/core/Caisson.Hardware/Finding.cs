namespace Caisson.Hardware;

public enum Verdict
{
    /// <summary>As Caisson wants it.</summary>
    Ok,

    /// <summary>There, but with less than it should have; or nothing could be learned about it.</summary>
    Degraded,

    /// <summary>Not there, or of no use: what needs it does not work on this PC.</summary>
    No,
}

/// <param name="Name">What was looked at, in the words of a specification sheet.</param>
/// <param name="Reason">One sentence: what was found, and what to do where something can be done.</param>
public sealed record Finding(string Name, Verdict Verdict, string Reason);
