using Caisson.Endpoint.Reconcile;

namespace Caisson.Endpoint.Tests;

public sealed class WishesTests
{
    private readonly Wishes wishes = new();

    [Theory]
    [InlineData("Stop")]
    [InlineData("Restart")]
    public async Task What_is_asked_while_a_start_runs_is_done_after_it(string name)
    {
        var later = Enum.Parse<Wish>(name);
        var start = wishes.Ask(Wish.Start);
        wishes.Begin();
        var asked = wishes.Ask(later);
        wishes.End(null, isUp: true);
        Assert.Null(await start);
        Assert.False(asked.IsCompleted);
        Assert.Equal(later, wishes.Current);

        wishes.Begin();
        wishes.EndStop();
        if (later == Wish.Restart)
        {
            Assert.False(asked.IsCompleted);
            wishes.Begin();
            wishes.End(null, isUp: true);
        }

        Assert.Null(await asked);
        Assert.Equal(Wish.None, wishes.Current);
    }

    [Fact]
    public async Task A_later_wish_that_the_step_fulfils_too_is_done_with_it()
    {
        wishes.Begin(); // Started by itself.
        var start = wishes.Ask(Wish.Start);
        wishes.End(null, isUp: true);
        Assert.Null(await start);
        Assert.Equal(Wish.None, wishes.Current);
    }

    [Fact]
    public async Task A_start_that_fails_tells_who_asked_for_it_and_leaves_a_stop_asked_meanwhile_fulfilled()
    {
        var start = wishes.Ask(Wish.Start);
        wishes.Begin();
        var stop = wishes.Ask(Wish.Stop);
        wishes.End("No memory.", isUp: false);
        Assert.Equal("No memory.", await start);
        Assert.Null(await stop);
    }

    [Fact]
    public async Task A_start_asked_while_it_stops_is_not_lost()
    {
        var stop = wishes.Ask(Wish.Stop);
        wishes.Begin();
        var start = wishes.Ask(Wish.Start);
        wishes.EndStop();
        Assert.Null(await stop);
        Assert.False(start.IsCompleted);
        Assert.Equal(Wish.Start, wishes.Current);
    }

    [Fact]
    public async Task A_restart_overtaken_by_a_stop_is_not_called_done()
    {
        var restart = wishes.Ask(Wish.Restart);
        wishes.Begin();
        var stop = wishes.Ask(Wish.Stop);
        wishes.EndStop();
        Assert.NotNull(await restart);
        Assert.Null(await stop);
        Assert.Equal(Wish.None, wishes.Current);
    }

    [Fact]
    public async Task Nobody_waits_for_a_wish_that_was_given_up()
    {
        var restart = wishes.Ask(Wish.Restart);
        var stop = wishes.Ask(Wish.Stop);
        Assert.NotNull(await restart);
        wishes.Drop();
        Assert.NotNull(await stop);
        Assert.Equal(Wish.None, wishes.Current);
    }
}
