using Caisson.Endpoint.Reconcile;
using Caisson.Protocol;

namespace Caisson.Endpoint.Tests;

public sealed class RecordTests : IDisposable
{
    private readonly TestFolder folder = new();

    private EndpointPaths Paths => new(folder.Path);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_record_reads_back_with_the_life_of_its_generations()
    {
        var record = new WorkspaceRecord
        {
            Id = new("work"), Name = "Work", Kind = WorkspaceKind.Managed, Last = Sample.Generation(2),
            Life = new Life
            {
                Good = Sample.Generation(1), IsSettled = true, Kept = [Sample.Generation(3)], Strikes = [new Strikes(Sample.Generation(2), 1, StartFailure.Panicked)],
                Attempt = new Attempt(Sample.Generation(2), AttemptState.Watched, TimeSpan.FromSeconds(90)),
            },
            Update = new UpdateWait(Sample.Generation(2), DateTimeOffset.UnixEpoch, DeferredUntil: DateTimeOffset.UnixEpoch.AddHours(2)),
        };
        record.Save(Paths);

        var read = Assert.Single(WorkspaceRecord.LoadAll(Paths));

        Assert.Equal((record.Last, record.Life.Good, record.Life.Attempt, record.Update), (read.Last, read.Life.Good, read.Life.Attempt, read.Update));
        Assert.Equal(record.Life.Kept, read.Life.Kept);
        Assert.Equal(record.Life.Strikes, read.Life.Strikes);
    }

    [Fact]
    public void A_record_of_before_has_its_last_generation_on_trial_and_the_one_before_to_go_back_to()
    {
        Directory.CreateDirectory(Paths.Workspace(new("work")));
        File.WriteAllText(Paths.WorkspaceRecord(new("work")), """
            {"id":"work","name":"Work","kind":"Managed","last":{"image":"work","number":2,"manifestDigest":"sha256:b"},"previous":{"image":"work","number":1,"manifestDigest":"sha256:a"}}
            """);

        var read = Assert.Single(WorkspaceRecord.LoadAll(Paths));

        Assert.Equal((1, 2, AttemptState.Watched), (read.Life.Good!.Number, read.Life.Attempt!.Generation.Number, read.Life.Attempt.State));
        Assert.Null(read.Previous);
    }

    [Fact]
    public void A_fact_that_could_not_be_written_has_not_happened()
    {
        var full = false;
        var keeper = new RecordKeeper(new WorkspaceRecord { Id = new("work"), Name = "Work", Kind = WorkspaceKind.Managed }, Save);
        keeper.Keep(r => r.StartedFrom(Sample.Generation(1)));
        full = true;

        Assert.Throws<IOException>(() => keeper.Apply(new LifeEvent.Answered()));
        Assert.Null(keeper.Life.Good);
        full = false;
        Assert.Equal(Sample.Generation(1), keeper.Apply(new LifeEvent.Answered()).Good);

        void Save(WorkspaceRecord record)
        {
            if (full)
            {
                throw new IOException("No space left on device");
            }

            record.Save(Paths);
        }
    }
}
