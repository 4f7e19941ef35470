namespace Caisson.Slots;

/// <summary>A version that did not do on this PC, and is not tried again.</summary>
/// <param name="Reason">A sentence for people.</param>
public sealed record RefusedVersion(int Version, string Reason, DateTimeOffset At);

/// <summary>What is known of an offered release once its kernel's signature was found good.</summary>
/// <param name="RootBytes">Bytes its root file system needs in its partition.</param>
/// <param name="VerityBytes">Bytes its hash tree needs in its.</param>
/// <param name="KernelBytes">Bytes its kernel needs on the ESP.</param>
public sealed record OfferedRelease(int Version, RootHash Root, long RootBytes, long VerityBytes, long KernelBytes);

/// <summary>Everything <see cref="UpdateRule"/> looks at.</summary>
public sealed record UpdateFacts
{
    /// <summary>The version that runs now.</summary>
    public required int Running { get; init; }

    /// <summary>The highest version that was ever found good on this PC: none below it, nor itself anew, is taken.</summary>
    public required int Floor { get; init; }

    public required IReadOnlyList<RefusedVersion> Refused { get; init; }

    /// <summary>The appliance's entries on the ESP.</summary>
    public required IReadOnlyList<BootEntry> Entries { get; init; }

    public required SlotPair Slots { get; init; }

    public required RootHash RunningRoot { get; init; }

    public required long EspFreeBytes { get; init; }

    /// <summary>What the spare slot was found to hold, by reading it from end to end, since this process began; null: not looked at.</summary>
    public RootHash? SpareHolds { get; init; }

    /// <summary>Null: nothing is offered.</summary>
    public OfferedRelease? Offered { get; init; }

    /// <summary>The loader counts no tries of what runs any more.</summary>
    public bool IsRunningGood => Entries.Any(e => e.Version == Running && e.IsGood);
}
