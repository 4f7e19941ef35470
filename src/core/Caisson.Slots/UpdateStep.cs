namespace Caisson.Slots;

/// <summary>What to do next about versions of the appliance. Each step may be cut short anywhere and is then simply decided again.</summary>
public abstract record UpdateStep
{
    private UpdateStep()
    {
    }

    /// <summary>A version failed: write down that it is not tried again, and why.</summary>
    public sealed record Remember(int Version, string Reason) : UpdateStep;

    /// <summary>The version that runs was found good: nothing below it any more.</summary>
    public sealed record RaiseFloor(int To) : UpdateStep;

    /// <summary>Take an entry off the ESP, durably: after it nothing names the spare slot.</summary>
    public sealed record RemoveEntry(BootEntry Entry) : UpdateStep;

    /// <summary>Make the spare slot hold the offered release, and read it from end to end.</summary>
    public sealed record FillSpare : UpdateStep;

    /// <summary>Give the spare slot's partitions the ids that the offered kernel looks for.</summary>
    public sealed record NameSpare : UpdateStep;

    /// <summary>Put the offered kernel on the ESP, under a name that counts tries, last of all: whole or not at all.</summary>
    public sealed record AddEntry(BootEntry Entry) : UpdateStep;

    /// <summary>Nothing to do.</summary>
    /// <param name="Waiting">The version that is tried at the next restart; null when none is.</param>
    public sealed record Rest(int? Waiting) : UpdateStep;

    /// <summary>What is offered is not taken now; the reason is a sentence.</summary>
    public sealed record Refuse(string Reason) : UpdateStep;
}
