using Caisson.Launcher.Switching;
using CsCheck;

namespace Caisson.Launcher.Tests;

public sealed class SwitchingTests
{
    private static readonly Place Work = Place.Of("work");
    private static readonly Place Personal = Place.Of("personal");

    private static readonly Gen<Place[]> Open = Gen.Int[0, 6].Select(count => Enumerable.Range(0, count).Select(i => Place.Of($"w{i}")).ToArray());

    [Fact]
    public void The_chord_goes_from_the_start_page_through_the_tiles_and_back()
    {
        Place[] open = [Work, Personal];
        Assert.Equal(Work, Round.Next(open, Place.Start, 1));
        Assert.Equal(Personal, Round.Next(open, Work, 1));
        Assert.Equal(Place.Start, Round.Next(open, Personal, 1));
        Assert.Equal(Personal, Round.Next(open, Place.Start, -1));
    }

    [Fact]
    public void As_many_steps_as_there_are_places_come_round_and_meet_each_once() =>
        Open.Sample(open =>
        {
            var (now, met) = (Place.Start, new List<Place>());
            for (var i = 0; i <= open.Length; i++)
            {
                met.Add(now = Round.Next(open, now, 1));
            }

            Assert.Equal(Place.Start, now);
            Assert.Equal(open.Length + 1, met.Distinct().Count());
        });

    [Fact]
    public void Back_undoes_forth() =>
        Gen.Select(Open, Gen.Int[0, 6]).Sample((open, at) =>
        {
            Place[] all = [Place.Start, .. open];
            var now = all[at % all.Length];
            Assert.Equal(now, Round.Next(open, Round.Next(open, now, 1), -1));
        });

    [Fact]
    public void From_a_workspace_that_went_down_the_chord_starts_at_the_start_page() =>
        Assert.Equal(Work, Round.Next([Work], Personal, 1));

    [Theory]
    [InlineData("nop caisson next", "caisson.work")]
    [InlineData("nop caisson previous", "caisson.personal")]
    [InlineData("nop caisson 1", "start")]
    [InlineData("nop caisson 3", "caisson.personal")]
    [InlineData("nop caisson 4", null)]
    [InlineData("nop caisson 0", null)]
    [InlineData("nop caisson ", null)]
    [InlineData("workspace start", null)]
    public void A_binding_leads_where_it_says(string command, string? place) =>
        Assert.Equal(place, SwayWords.Target(command, [Work, Personal], Place.Start)?.Name);

    [Theory]
    [InlineData("")]
    [InlineData("Work")]
    [InlineData("a\"; exit; \"")]
    [InlineData("a b")]
    public void What_is_no_workspace_id_never_becomes_words_to_sway(string id) => Assert.Throws<ArgumentException>(() => Place.Of(id));

    [Fact]
    public void A_window_is_assigned_by_its_whole_name() =>
        Assert.Equal("assign [app_id=\"^caisson\\.work$\"] workspace \"caisson.work\"", SwayWords.Assign(Work));
}
