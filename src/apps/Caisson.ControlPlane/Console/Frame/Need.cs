namespace Caisson.ControlPlane.Console.Frame;

/// <summary>One thing that waits for an administrator.</summary>
/// <param name="Tone">"bad", "warn" or "info".</param>
/// <param name="Text">What happened, in a few words.</param>
/// <param name="Why">Why, and what to do, in one sentence.</param>
/// <param name="Href">Where the action is.</param>
/// <param name="Verb">Word on the button.</param>
public sealed record Need(string Tone, string Text, string Why, string Href, string Verb);
