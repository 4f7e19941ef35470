namespace Caisson.Endpoint.Reconcile;

/// <summary>
/// What was asked of one workspace and who waits for it. A step (a start or a stop) serves what was asked before it began; what is asked while
/// it runs is a wish of its own, served by the next step. Guarded by the owner's lock.
/// </summary>
internal sealed class Wishes
{
    private const string Superseded = "A later request took its place.";

    private readonly List<Waiter> waiting = [];
    private int asked;
    private int served;

    /// <summary>What is still to be done.</summary>
    public Wish Current { get; private set; }

    /// <summary>A new wish; those not begun are given up for it.</summary>
    public Task<string?> Ask(Wish wish)
    {
        Answer(w => w.Number > served && w.Wish != wish, Superseded);
        Current = wish;
        var waiter = new Waiter(++asked, wish);
        waiting.Add(waiter);
        return waiter.Done.Task;
    }

    /// <summary>The workspace is already as asked, and nothing is under way.</summary>
    public void Drop()
    {
        Current = Wish.None;
        Answer(_ => true, Superseded);
    }

    /// <summary>A step begins.</summary>
    public void Begin() => served = asked;

    /// <summary>A stop was done. A restart goes on with the start; one that was overtaken by a stop ends here.</summary>
    public void EndStop()
    {
        if (Current == Wish.Restart)
        {
            return;
        }

        Answer(w => w.Wish == Wish.Restart, Superseded);
        End(why: null, isUp: false);
    }

    /// <summary>The step is over: null when it was done, else why not. A later wish stays, unless the workspace now is as it asks.</summary>
    public void End(string? why, bool isUp)
    {
        Answer(w => w.Number <= served, why);
        if (asked == served || (Current == Wish.Start && isUp) || (Current == Wish.Stop && !isUp))
        {
            Current = Wish.None;
            Answer(_ => true, null);
        }
    }

    private void Answer(Func<Waiter, bool> which, string? why)
    {
        foreach (var waiter in waiting.Where(which).ToArray())
        {
            waiting.Remove(waiter);
            waiter.Done.TrySetResult(why);
        }
    }

    private sealed record Waiter(int Number, Wish Wish)
    {
        public TaskCompletionSource<string?> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
