namespace Caisson.Images;

/// <summary>How far an image file has filled itself.</summary>
public sealed record FillStatus
{
    /// <summary>Bytes of the image's data that are here, those not compared yet too; holes are not counted.</summary>
    public required long PresentBytes { get; init; }

    /// <summary>Of these, bytes that were here before the power went off and are still to be compared; a read compares them first.</summary>
    public long UncheckedBytes { get; init; }

    /// <summary>Bytes of data the image has, without its holes. Equal to <see cref="PresentBytes"/> when it is offline-ready.</summary>
    public required long ImageBytes { get; init; }

    /// <summary>Bytes asked from the source since the image was opened, frames and deltas, retries included.</summary>
    public required long WireBytes { get; init; }

    /// <summary>Every byte is here, verified and durable.</summary>
    public required bool IsComplete { get; init; }

    /// <summary>One sentence while reads of absent bytes wait (source away, disk full); null when all is well.</summary>
    public string? Problem { get; init; }
}

/// <summary>What a scrub found in a part of a complete file.</summary>
/// <param name="DamagedChunks">Numbers of chunks that are not what they should be.</param>
/// <param name="HasStrays">There is something where the image has nothing.</param>
public sealed record ScrubFindings(IReadOnlyList<int> DamagedChunks, bool HasStrays)
{
    public bool IsClean => DamagedChunks.Count == 0 && !HasStrays;

    /// <summary>Number of the extent the scrub goes on with once this part is good.</summary>
    internal int NextExtent { get; init; }
}

/// <summary>What happened while an image filled itself; for the log.</summary>
public abstract record FillEvent
{
    private FillEvent()
    {
    }

    /// <summary>No bytes from the source; tried again after <paramref name="RetryIn"/>, then in growing pauses. Said once until <see cref="Recovered"/>.</summary>
    public sealed record SourceAway(string Reason, TimeSpan RetryIn) : FillEvent;

    /// <summary>The source gave wrong bytes; they were thrown away and are fetched again.</summary>
    public sealed record Corrupt(string Reason) : FillEvent;

    /// <summary>The image file could not be written; tried again after <paramref name="RetryIn"/>, then in growing pauses. Said once until <see cref="Recovered"/>.</summary>
    public sealed record DiskTrouble(string Reason, TimeSpan RetryIn) : FillEvent;

    /// <summary>All is well again after one of the above.</summary>
    public sealed record Recovered : FillEvent;

    public sealed record Completed(long WireBytes) : FillEvent;

    /// <summary>All that the power cut had made doubtful was compared.</summary>
    /// <param name="DamagedChunks">How many were not what they should be; they are fetched again.</param>
    public sealed record Compared(long Bytes, int DamagedChunks) : FillEvent;

    /// <summary>The scrub found damaged chunks in the complete file, and a new file with good ones has taken its place.</summary>
    public sealed record Mended(int Chunks, string Sentence) : FillEvent;
}
