namespace Caisson.Images;

/// <summary>How a background fill goes about its work. Every delegate is asked again before each request, on any thread.</summary>
public sealed record FillOptions
{
    /// <summary>Bytes per second from the source; null for no limit, 0 to pause. Demand reads are never held by it.</summary>
    public Func<long?> BytesPerSecond { get; init; } = () => null;

    /// <summary>True while only what a boot is known to read may be fetched ahead: somebody is starting from the image, and the line is theirs.</summary>
    public Func<bool> IsRestHeld { get; init; } = () => false;

    /// <summary>Directories of other images on this disk, to take equal chunks from; complete or not, in use or not; only read.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];
}
