using Caisson.Endpoint.Reconcile;
using Caisson.Protocol;
using Caisson.Trust;

namespace Caisson.Endpoint.Tests;

public sealed class StartApprovalTests
{
    [Fact]
    public void What_the_state_wants_and_what_ran_before_may_start_and_nothing_else()
    {
        var record = Record(WorkspaceKind.Managed).StartedFrom(Sample.Generation(1));
        record = (record with { Life = LifeRule.After(record.Life, new LifeEvent.Answered()) }).StartedFrom(Sample.Generation(2));
        var wanted = Sample.Workspace(generation: 3);
        Assert.IsType<RunDecision.Allowed>(StartApproval.Decide(record, wanted, Sample.Generation(3)));
        Assert.IsType<RunDecision.Allowed>(StartApproval.Decide(record, wanted, Sample.Generation(2)));
        Assert.IsType<RunDecision.Allowed>(StartApproval.Decide(record, wanted, Sample.Generation(1)));
        Denied(RunDenial.OtherGeneration, StartApproval.Decide(record, wanted, Sample.Generation(4)));
    }

    [Fact]
    public void A_personal_workspace_starts_only_from_the_generation_it_was_made_of()
    {
        var first = Sample.Generation(1, "personal");
        var record = Record(WorkspaceKind.Personal).StartedFrom(first);
        var wanted = Sample.Workspace(kind: WorkspaceKind.Personal, generation: 2);
        Assert.IsType<RunDecision.Allowed>(StartApproval.Decide(record, wanted, first));
        Denied(RunDenial.NotItsFirst, StartApproval.Decide(record, wanted, wanted.Generation));
    }

    [Fact]
    public void A_personal_workspace_the_server_now_calls_managed_does_not_start() =>
        Denied(RunDenial.OtherKind, StartApproval.Decide(Record(WorkspaceKind.Personal), Sample.Workspace(), Sample.Generation(1)));

    private static WorkspaceRecord Record(WorkspaceKind kind) => new() { Id = new("work"), Name = "Work", Kind = kind };

    private static void Denied(RunDenial reason, RunDecision decision) => Assert.Equal(reason, Assert.IsType<RunDecision.Denied>(decision).Reason);
}
