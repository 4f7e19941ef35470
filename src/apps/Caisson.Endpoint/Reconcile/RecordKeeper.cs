namespace Caisson.Endpoint.Reconcile;

/// <summary>The one writer of one workspace's record. What can be read from it is on the disk, but for running time, which is written twice a minute.</summary>
internal sealed class RecordKeeper(WorkspaceRecord first, Action<WorkspaceRecord> save)
{
    private readonly Lock gate = new();
    private WorkspaceRecord record = first;

    public WorkspaceRecord Record
    {
        get
        {
            lock (gate)
            {
                return record;
            }
        }
    }

    public Life Life => Record.Life;

    /// <summary>Durable on return.</summary>
    /// <exception cref="IOException">It could not be written; nothing has changed.</exception>
    public WorkspaceRecord Keep(Func<WorkspaceRecord, WorkspaceRecord> change)
    {
        lock (gate)
        {
            var next = change(record);
            if (!ReferenceEquals(next, record))
            {
                save(next);
                record = next;
            }

            return record;
        }
    }

    /// <inheritdoc cref="Keep"/>
    public Life Apply(LifeEvent happened) => Keep(r => With(r, happened)).Life;

    /// <summary>Counts in memory alone; <see cref="Keep"/> takes it to the disk with whatever is next.</summary>
    public Life Count(LifeEvent.Ran ran)
    {
        lock (gate)
        {
            var next = With(record, ran);

            // A settled generation is a new fact, and facts are durable.
            if (next.Life.IsSettled != record.Life.IsSettled || next.Life.Strikes.Count != record.Life.Strikes.Count)
            {
                save(next);
            }

            record = next;
            return record.Life;
        }
    }

    private static WorkspaceRecord With(WorkspaceRecord record, LifeEvent happened)
    {
        var life = LifeRule.After(record.Life, happened);
        return ReferenceEquals(life, record.Life) ? record : record with { Life = life };
    }
}
