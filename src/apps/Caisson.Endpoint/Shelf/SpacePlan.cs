using System.Globalization;
using Caisson.Protocol;

namespace Caisson.Endpoint.Shelf;

/// <summary>Whether a download may begin; a function of sizes.</summary>
internal static class SpacePlan
{
    /// <summary>Left for what running machines write to their own volumes while it is fetched, and for the system.</summary>
    public const long OverlayReserveBytes = 2L << 30;

    /// <param name="neededBytes">What the image will still take on the disk.</param>
    /// <param name="freeBytes">What is free.</param>
    /// <param name="older">Older generations that could go, with what they hold.</param>
    /// <returns>Null: it may. Else one sentence.</returns>
    public static string? Refusal(GenerationReference generation, long neededBytes, long freeBytes, IReadOnlyList<(int Number, long Bytes)> older)
    {
        var missing = neededBytes + OverlayReserveBytes - freeBytes;
        if (neededBytes == 0 || missing <= 0)
        {
            return null;
        }

        var numbers = string.Join(" and ", older.Select(o => o.Number.ToString(CultureInfo.InvariantCulture)));
        var way = older.Count == 0 ? "free some space on this PC's disk"
            : $"removing generation{(older.Count == 1 ? "" : "s")} {numbers} would free {Size(older.Sum(o => o.Bytes))}";
        return $"Generation {generation.Number} of '{generation.Image}' needs {Size(missing)} more than is free; {way}. It goes on by itself when there is room.";
    }

    private static string Size(long bytes) => bytes >= 1_000_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB")
        : string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, bytes / 1_000_000)} MB");
}
