namespace Caisson.ControlPlane.Console.Parts;

/// <summary>One thing that happened, as a sentence.</summary>
public sealed record TimelineEntry(long Id, DateTimeOffset At, string Actor, string Text, string? Endpoint, string? EndpointName);
