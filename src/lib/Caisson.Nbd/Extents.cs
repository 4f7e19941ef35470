namespace Caisson.Nbd;

/// <summary>Puts what a device says about its extents into the form the wire needs.</summary>
internal static class Extents
{
    /// <summary>
    /// Clips to <paramref name="length"/> and merges neighbours of one kind. Covers less when the device stopped early or
    /// <paramref name="maxCount"/> is reached, but never nothing.
    /// </summary>
    internal static List<BlockExtent> Normalise(IReadOnlyList<BlockExtent> extents, long length, int maxCount)
    {
        var result = new List<BlockExtent>(Math.Min(extents.Count, maxCount));
        var covered = 0L;
        for (var i = 0; i < extents.Count && covered < length; i++)
        {
            var part = extents[i] with { Length = Math.Min(extents[i].Length, length - covered) };
            if (part.Length <= 0)
            {
                continue;
            }

            if (result.Count > 0 && result[^1].IsHole == part.IsHole)
            {
                result[^1] = result[^1] with { Length = result[^1].Length + part.Length };
            }
            else if (result.Count == maxCount)
            {
                break;
            }
            else
            {
                result.Add(part);
            }

            covered += part.Length;
        }

        // "I do not know" is always allowed: data for all of it.
        return result.Count > 0 ? result : [new BlockExtent(length, IsHole: false)];
    }
}
