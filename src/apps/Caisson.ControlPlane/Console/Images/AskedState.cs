using Caisson.Protocol.Api;

namespace Caisson.ControlPlane.Console.Images;

/// <summary>A change of a generation's state that somebody pressed, and what it will hit.</summary>
public sealed record AskedState(string Image, int Number, GenerationState State, string Title, string Text, string Verb, bool Dangerous)
{
    public static AskedState From(GenerationView of, GenerationState state) => state switch
    {
        GenerationState.Test => new(
            of.Image, of.Number, state,
            $"Put {of.Image} generation {of.Number} to test?",
            "Groups on the test track take it at their next poll and start into it at the next start of the workspace. Nobody else gets it.",
            "Put to test", false),
        GenerationState.Released => new(
            of.Image, of.Number, state,
            $"Release {of.Image} generation {of.Number}?",
            $"{Words.Count(of.Receivers, "PC")} {(of.Receivers == 1 ? "is" : "are")} given {of.Image} and will prepare generation {of.Number} in the background{(of.DeltaBytes > 0 ? $" ({Words.Size(of.DeltaBytes)} each by delta)" : "")}. A running workspace goes on undisturbed and changes at its next start.",
            "Release it", false),
        _ => new(
            of.Image, of.Number, state,
            $"Retire {of.Image} generation {of.Number}?",
            $"{Words.Count(of.Pcs, "workspace")} {(of.Pcs == 1 ? "runs" : "run")} it. {(of.Fallback is { } back ? $"At their next start they fall back to generation {back}." : "There is no other released generation: they keep running it, and a new PC gets none.")} It can be released again.",
            "Retire it", true),
    };
}
