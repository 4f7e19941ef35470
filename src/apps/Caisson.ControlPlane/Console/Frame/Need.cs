namespace Caisson.ControlPlane.Console.Frame;

/// <summary>One thing that waits for an administrator.</summary>
/// <param name="Tone">"bad", "warn" or "info".</param>
/// <param name="Text">What happened, in a few words.</param>
/// <param name="Why">Why, and what to do, in one sentence.</param>
/// <param name="Href">Where the action is.</param>
/// <param name="Verb">Word on the button.</param>
public sealed record Need(string Tone, string Text, string Why, string Href, string Verb)
{
    /// <summary>What was seen of it, where somebody would rather look than read.</summary>
    public Sight? Seen { get; init; }

    /// <summary>Another way out, before the first.</summary>
    public (string Href, string Verb)? Also { get; init; }
}

/// <summary>A small picture that leads to all that was seen.</summary>
/// <param name="Picture">Address of the picture; null when only a log is there.</param>
public sealed record Sight(string? Picture, string Href, string Label);
