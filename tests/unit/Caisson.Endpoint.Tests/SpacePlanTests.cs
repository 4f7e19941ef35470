using Caisson.Endpoint.Shelf;

namespace Caisson.Endpoint.Tests;

public sealed class SpacePlanTests
{
    private const long Gigabyte = 1_000_000_000;

    [Fact]
    public void With_room_for_the_image_and_the_reserve_a_download_may_begin() =>
        Assert.Null(SpacePlan.Refusal(Sample.Generation(8), 4 * Gigabyte, (4 * Gigabyte) + SpacePlan.OverlayReserveBytes, []));

    [Fact]
    public void An_image_that_takes_nothing_more_is_never_refused() =>
        Assert.Null(SpacePlan.Refusal(Sample.Generation(8), 0, 0, []));

    [Fact]
    public void A_refusal_says_how_much_is_missing_and_what_to_do() =>
        Assert.Equal(
            "Generation 8 of 'work' needs 3.2 GB more than is free; free some space on this PC's disk. It goes on by itself when there is room.",
            SpacePlan.Refusal(Sample.Generation(8), 4 * Gigabyte, (800_000_000) + SpacePlan.OverlayReserveBytes, []));

    [Fact]
    public void A_refusal_names_the_older_generations_that_could_go() =>
        Assert.Equal(
            "Generation 8 of 'work' needs 40 MB more than is free; removing generations 5 and 6 would free 4.1 GB. It goes on by itself when there is room.",
            SpacePlan.Refusal(Sample.Generation(8), 100_000_000, 60_000_000 + SpacePlan.OverlayReserveBytes, [(5, 4 * Gigabyte), (6, 100_000_000)]));
}
