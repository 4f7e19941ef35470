using Caisson.Protocol;

namespace Caisson.Endpoint.Reconcile;

/// <summary>The state of a workspace's generations as sentences for the person at the PC: what happened, what runs now, what to do.</summary>
internal static class LifeWords
{
    public static string Why(StartFailure? failure, TimeSpan window) => failure switch
    {
        StartFailure.Panicked => "its kernel panicked three times",
        _ => $"it did not answer within {Span(window)} of running, and nothing moved on its screen",
    };

    /// <summary>What is written beside the picture and the serial log of one start.</summary>
    public static string Evidence(GenerationReference generation, StartFailure? failure, TimeSpan window) => failure is null
        ? $"{generation} has not answered within {Span(window)} of running, but its screen is alive. It runs on; look whether the guest tools run in it."
        : $"A start of {generation} failed: {Why(failure, window)}.";

    /// <summary>Null while all is well.</summary>
    public static string? Of(Life life, GenerationReference wanted, TimeSpan window) => LifeRule.Health(life, wanted) switch
    {
        GenerationHealth.RolledBack => $"Generation {wanted.Number} failed here twice: {Why(life.FailureOf(wanted), window)}. Generation {life.Good!.Number} is used instead until there is another.",
        GenerationHealth.Stuck => $"Generation {wanted.Number} failed here twice: {Why(life.FailureOf(wanted), window)}. There is no earlier one to go back to. Your administrator has been told.",
        GenerationHealth.PcFault => $"Generation {life.Good!.Number} worked on this PC and now fails: {Why(life.FailureOf(life.Good), window)}. Something in this PC has changed; it is not started by itself any more. Start it to try once more, or ask your administrator.",
        GenerationHealth.Degraded => $"Generation {life.Attempt!.Generation.Number} runs, but its guest tools are silent. Your administrator has been told.",
        _ => null,
    };

    private static string Span(TimeSpan span) => span.TotalMinutes >= 1 ? $"{span.TotalMinutes:0.#} minutes" : $"{span.TotalSeconds:0} seconds";
}
