using Caisson.Chunks;
using Caisson.ControlPlane.Catalogue;
using Caisson.Images;

namespace Caisson.ControlPlane.Tests;

public sealed class DeltaWishesTests
{
    private static readonly PublishedGeneration[] Work = [.. Enumerable.Range(1, 6).Select(number => Generation("work", number))];

    [Fact]
    public void What_publishing_promised_comes_first_then_what_was_asked_for_then_the_last_few()
    {
        var generations = Work[..5].Append(Work[5] with { PendingFrom = 5 }).ToList();
        var wishes = DeltaWishes.InOrder(generations, [("work", DeltaAsk.Short(Work[0].ManifestDigest), DeltaAsk.Short(Work[5].ManifestDigest))], 3, isSmallWanted: false);

        Assert.Equal([(5, 6), (1, 6), (5, 6), (4, 6), (3, 6)], wishes.Select(w => (w.From.Number, w.To.Number)));
        Assert.Equal([true, false, false, false, false], wishes.Select(w => w.IsPending));
    }

    [Fact]
    public void Smaller_ones_come_last() =>
        Assert.Equal(
            [(5, DeltaEffort.Fast), (4, DeltaEffort.Fast), (5, DeltaEffort.Small), (4, DeltaEffort.Small)],
            DeltaWishes.InOrder(Work, [], 2, isSmallWanted: true).Select(w => (w.From.Number, w.Effort)));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Of_images_with_nothing_before_nothing_is_wanted(int generations) =>
        Assert.Empty(DeltaWishes.InOrder(Work[..generations], [], 3, isSmallWanted: true));

    [Fact]
    public void A_pair_nobody_has_or_of_two_images_is_not_made()
    {
        var other = Generation("other", 1);
        Assert.Empty(DeltaWishes.InOrder([.. Work, other], [("work", DeltaAsk.Short(Work[0].ManifestDigest), DeltaAsk.Short(other.ManifestDigest)), ("work", new string('0', 28), DeltaAsk.Short(Work[0].ManifestDigest))], 0, isSmallWanted: false));
    }

    [Fact]
    public void An_asking_tag_names_its_pair_and_other_tags_ask_for_nothing()
    {
        var tag = DeltaAsk.Tag(Work[0].ManifestDigest, Work[1].ManifestDigest);
        Assert.True(Names.IsImage(tag));
        Assert.Equal((DeltaAsk.Short(Work[0].ManifestDigest), DeltaAsk.Short(Work[1].ManifestDigest)), DeltaAsk.Read(tag));
        Assert.All((string[])["1", "delta", "delta.1.2", tag[1..], tag + "0"], other => Assert.Null(DeltaAsk.Read(other)));
    }

    private static PublishedGeneration Generation(string image, int number) =>
        new(image, number, ChunkId.Of(System.Text.Encoding.UTF8.GetBytes($"{image}{number}")).Digest, null);
}
