namespace Caisson.Protocol;

/// <summary>What a PC says of the appliance it runs.</summary>
public sealed record ApplianceReport
{
    /// <summary>The version that runs; null on a PC with a Linux of its own.</summary>
    public int? Version { get; init; }

    /// <summary>The version that runs was not found good yet.</summary>
    public bool OnTrial { get; init; }

    /// <summary>The highest version that was found good there; none below it is taken.</summary>
    public int Floor { get; init; }

    /// <summary>The version that is tried at the next restart of the PC.</summary>
    public int? Waiting { get; init; }

    /// <summary>Versions that failed there, newest last.</summary>
    public IReadOnlyList<RefusedAppliance> Refused { get => field ?? []; init; }

    /// <summary>The generation on its way to it; null when nothing is wanted of it.</summary>
    public int? Generation { get; init; }

    /// <summary>Bytes of it that are there, and its whole.</summary>
    public long PresentBytes { get; init; }

    public long ImageBytes { get; init; }

    /// <summary>One sentence when something is wrong: what happened, why, what to do.</summary>
    public string? Problem { get; init; }
}

/// <summary>A version that failed on the PC and is not tried there again.</summary>
/// <param name="Reason">A sentence for people.</param>
public sealed record RefusedAppliance(int Version, string Reason, DateTimeOffset At);
