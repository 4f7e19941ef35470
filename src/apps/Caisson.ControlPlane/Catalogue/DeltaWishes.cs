using Caisson.Chunks;
using Caisson.Images;

namespace Caisson.ControlPlane.Catalogue;

/// <summary>A generation as far as deltas are concerned.</summary>
/// <param name="PendingFrom">The generation whose delta to this one was promised when it was published, and is not made.</param>
internal sealed record PublishedGeneration(string Image, int Number, string ManifestDigest, int? PendingFrom);

/// <summary>A delta that should be there.</summary>
internal sealed record WantedDelta(string Image, PublishedGeneration From, PublishedGeneration To, DeltaEffort Effort, bool IsPending = false);

/// <summary>Which deltas a server wants, the most urgent first: a function of what is published and what was asked for.</summary>
internal static class DeltaWishes
{
    /// <param name="generations">In the order of their publishing.</param>
    /// <param name="asked">Image, and beginnings of manifest digests (<see cref="DeltaAsk"/>).</param>
    /// <param name="last">From how many generations before the newest.</param>
    public static IEnumerable<WantedDelta> InOrder(IReadOnlyList<PublishedGeneration> generations, IReadOnlyList<(string Image, string From, string To)> asked, int last, bool isSmallWanted)
    {
        foreach (var to in generations.Where(g => g.PendingFrom is not null))
        {
            if (generations.FirstOrDefault(g => g.Image == to.Image && g.Number == to.PendingFrom) is { } from)
            {
                yield return new WantedDelta(to.Image, from, to, DeltaEffort.Fast, IsPending: true);
            }
        }

        foreach (var (image, fromDigest, toDigest) in asked)
        {
            if (Find(generations, image, fromDigest) is { } from && Find(generations, image, toDigest) is { } to && from != to)
            {
                yield return new WantedDelta(image, from, to, DeltaEffort.Fast);
            }
        }

        foreach (var effort in isSmallWanted ? (DeltaEffort[])[DeltaEffort.Fast, DeltaEffort.Small] : [DeltaEffort.Fast])
        {
            foreach (var image in generations.GroupBy(g => g.Image, StringComparer.Ordinal))
            {
                var newest = image.MaxBy(g => g.Number)!;
                foreach (var from in image.Where(g => g.Number < newest.Number).OrderByDescending(g => g.Number).Take(last))
                {
                    yield return new WantedDelta(image.Key, from, newest, effort);
                }
            }
        }
    }

    private static PublishedGeneration? Find(IReadOnlyList<PublishedGeneration> generations, string image, string digest) =>
        generations.FirstOrDefault(g => g.Image == image && DeltaAsk.Short(g.ManifestDigest) == digest);
}
