using CsCheck;

namespace Caisson.Trust.Tests;

public sealed class SequenceFloorTests
{
    [Fact]
    public void A_higher_number_raises_the_floor() =>
        Assert.Equal(new SequenceVerdict.Accepted(new SequenceFloor(8), IsNew: true), new SequenceFloor(5).Judge(8));

    [Fact]
    public void The_same_number_is_taken_again() =>
        Assert.Equal(new SequenceVerdict.Accepted(new SequenceFloor(5), IsNew: false), new SequenceFloor(5).Judge(5));

    [Fact]
    public void A_lower_number_is_refused_by_name()
    {
        var refused = Assert.IsType<SequenceVerdict.Refused>(new SequenceFloor(5).Judge(4));
        Assert.Equal(SequenceRefusal.OlderThanActedOn, refused.Reason);
        Assert.Contains("restored from a backup", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    public void Numbers_below_one_are_refused_even_by_a_new_pc(long offered) =>
        Assert.Equal(SequenceRefusal.NotPositive, Assert.IsType<SequenceVerdict.Refused>(default(SequenceFloor).Judge(offered)).Reason);

    [Fact]
    public void Whatever_is_offered_the_floor_never_falls() =>
        Gen.Long.Array.Sample(offers =>
        {
            var floor = default(SequenceFloor);
            foreach (var offered in offers)
            {
                var next = floor.Judge(offered) is SequenceVerdict.Accepted accepted ? accepted.Floor : floor;
                Assert.True(next.Value >= floor.Value);
                Assert.True(next == floor || next.Value == offered);
                floor = next;
            }
        });
}
