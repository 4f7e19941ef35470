using Caisson.Endpoint.Reconcile;
using Caisson.Protocol;
using CsCheck;

namespace Caisson.Endpoint.Tests;

public sealed class ReconcilerTests
{
    private static readonly WorkspaceKind[] Kinds = [WorkspaceKind.Managed, WorkspaceKind.Personal, WorkspaceKind.Disposable];

    private static WorkspaceRecord Record(WorkspaceKind kind = WorkspaceKind.Managed, int? last = null, int? previous = null) => new()
    {
        Id = new("work"), Name = "Work", Kind = kind,
        Base = kind == WorkspaceKind.Personal && last is { } b ? Sample.Generation(b, "personal") : null,
        Last = last is { } l ? Sample.Generation(l, kind == WorkspaceKind.Personal ? "personal" : "work") : null,
        Life = kind == WorkspaceKind.Personal || last is not { } good ? Life.None : Life.None with
        {
            Good = Sample.Generation(good), IsSettled = true, Kept = previous is { } p ? [Sample.Generation(p)] : [],
            Attempt = new Attempt(Sample.Generation(good), AttemptState.Answered, TimeSpan.Zero),
        },
    };

    private static ActualWorkspace Actual(WorkspaceRecord record, WorkspaceState state = WorkspaceState.Stopped, Wish wish = Wish.None) =>
        new() { Record = record, State = state, Wish = wish };

    private static Dictionary<string, ImageState> Images(params (GenerationReference Generation, ImageState State)[] images) =>
        images.ToDictionary(i => i.Generation.ManifestDigest, i => i.State, StringComparer.Ordinal);

    private static IReadOnlyList<PlanAction> Plan(DesiredWorkspace desired, ActualWorkspace actual, params (GenerationReference, ImageState)[] images) =>
        Reconciler.Plan([desired], new ActualEndpoint([actual], Images(images)));

    [Fact]
    public void A_new_workspace_is_remembered_with_its_kind_before_anything_else() =>
        Assert.Equal([new PlanAction.Remember(new WorkspaceRecord { Id = new("work"), Name = "work", Kind = WorkspaceKind.Managed })],
            Reconciler.Plan([Sample.Workspace()], new ActualEndpoint([], Images())));

    [Fact]
    public void An_image_that_the_PC_itself_needs_is_kept_and_another_goes()
    {
        var actual = new ActualEndpoint([], Images((Sample.Generation(9), ImageState.Complete), (Sample.Generation(8), ImageState.OnDisk))) { Kept = new HashSet<string>([Sample.Generation(9).ManifestDigest], StringComparer.Ordinal) };
        Assert.Equal([new PlanAction.RemoveImage(Sample.Generation(8).ManifestDigest)], Reconciler.Plan([], actual));
    }

    [Fact]
    public void An_image_that_is_not_here_is_opened_and_the_machine_starts_before_it_is_whole()
    {
        Assert.Equal([new PlanAction.OpenImage(Sample.Generation(1), null)], Plan(Sample.Workspace(), Actual(Record())));
        Assert.Equal([new PlanAction.Start(Sample.Workspace(), Sample.Generation(1))], Plan(Sample.Workspace(), Actual(Record()), (Sample.Generation(1), ImageState.Open)));
    }

    [Fact]
    public void A_new_generation_is_prepared_from_the_old_while_the_old_runs_on()
    {
        var desired = Sample.Workspace(generation: 2);
        Assert.Equal([new PlanAction.OpenImage(Sample.Generation(2), Sample.Generation(1).ManifestDigest)],
            Plan(desired, Actual(Record(last: 1), WorkspaceState.Running), (Sample.Generation(1), ImageState.Complete)));
        Assert.Empty(Plan(desired, Actual(Record(last: 1), WorkspaceState.Running), (Sample.Generation(1), ImageState.Complete), (Sample.Generation(2), ImageState.Complete)));
    }

    [Fact]
    public void A_restart_stops_and_then_starts_from_the_prepared_generation()
    {
        var desired = Sample.Workspace(generation: 2);
        (GenerationReference, ImageState)[] images = [(Sample.Generation(1), ImageState.Complete), (Sample.Generation(2), ImageState.Complete)];
        Assert.IsType<PlanAction.Stop>(Assert.Single(Plan(desired, Actual(Record(last: 1), WorkspaceState.Running, Wish.Restart), images)));
        Assert.Equal([new PlanAction.Start(desired, Sample.Generation(2))], Plan(desired, Actual(Record(last: 1), WorkspaceState.Stopped, Wish.Restart), images));
    }

    [Fact]
    public void A_suspended_workspace_goes_on_from_its_own_generation_and_the_update_waits_for_a_restart()
    {
        var desired = Sample.Workspace(generation: 2);
        (GenerationReference, ImageState)[] images = [(Sample.Generation(1), ImageState.Complete), (Sample.Generation(2), ImageState.Complete)];
        var start = new PlanAction.Start(desired, Sample.Generation(1));
        Assert.Equal([start], Plan(desired, Actual(Record(last: 1), WorkspaceState.Suspended), images));
        Assert.Equal([start], Plan(desired, Actual(Record(last: 1), WorkspaceState.Suspended, Wish.Start), images));
        Assert.Equal([new PlanAction.Start(desired, Sample.Generation(2), Afresh: true)], Plan(desired, Actual(Record(last: 1), WorkspaceState.Suspended, Wish.Restart), images));
        Assert.Empty(Plan(desired, Actual(Record(last: 1), WorkspaceState.Suspended) with { HeldStopped = true }, images));
    }

    [Fact]
    public void A_running_workspace_that_was_asked_to_is_suspended() =>
        Assert.Equal([new PlanAction.Suspend(new("work"))], Plan(Sample.Workspace(), Actual(Record(last: 1), WorkspaceState.Running, Wish.Suspend), (Sample.Generation(1), ImageState.Complete)));

    [Fact]
    public void A_start_while_the_new_generation_is_on_its_way_uses_the_old_one_that_is_whole()
    {
        var desired = Sample.Workspace(generation: 2);
        Assert.Equal([new PlanAction.Start(desired, Sample.Generation(1))],
            Plan(desired, Actual(Record(last: 1)), (Sample.Generation(1), ImageState.Complete), (Sample.Generation(2), ImageState.Open)));
    }

    [Fact]
    public void A_personal_workspace_never_gets_another_base()
    {
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 5], Gen.Enum<WorkspaceState>(), Gen.Enum<Wish>(), Gen.Enum<ImageState>()).Sample((first, now, state, wish, image) =>
        {
            var desired = Sample.Workspace(kind: WorkspaceKind.Personal, generation: now);
            var plan = Plan(desired, Actual(Record(WorkspaceKind.Personal, last: first), state, wish), (Sample.Generation(first, "personal"), image));
            Assert.All(plan.OfType<PlanAction.Start>(), s => Assert.Equal(Sample.Generation(first, "personal"), s.From));
            Assert.DoesNotContain(plan.OfType<PlanAction.OpenImage>(), o => o.Generation != Sample.Generation(first, "personal"));
            Assert.DoesNotContain(new PlanAction.RemoveImage(Sample.Generation(first, "personal").ManifestDigest), plan);
        });
    }

    [Fact]
    public void A_workspace_whose_kind_the_server_changes_is_left_as_it_is()
    {
        foreach (var (was, becomes) in Kinds.SelectMany(a => Kinds.Where(b => b != a).Select(b => (a, b))))
        {
            Assert.Empty(Plan(Sample.Workspace(kind: becomes), Actual(Record(was), WorkspaceState.Running)));
        }
    }

    [Fact]
    public void A_workspace_assigned_no_more_is_stopped_and_its_images_are_kept() =>
        Assert.IsType<PlanAction.Stop>(Assert.Single(Reconciler.Plan([], new ActualEndpoint([Actual(Record(last: 2, previous: 1), WorkspaceState.Running)],
            Images((Sample.Generation(1), ImageState.Complete), (Sample.Generation(2), ImageState.Complete))))));

    [Fact]
    public void While_the_desired_state_is_not_known_nothing_is_stopped_and_nothing_removed()
    {
        var images = Images((Sample.Generation(1), ImageState.Complete), (Sample.Generation(4), ImageState.OnDisk));
        Assert.Empty(Reconciler.Plan(null, new ActualEndpoint([Actual(Record(last: 1), WorkspaceState.Running)], images)));
        Assert.IsType<PlanAction.Stop>(Assert.Single(Reconciler.Plan(null, new ActualEndpoint([Actual(Record(last: 1), WorkspaceState.Running, Wish.Stop)], images))));
    }

    [Fact]
    public void Only_generations_nobody_runs_ran_before_or_shall_run_are_removed() =>
        Assert.Equal([new PlanAction.RemoveImage(Sample.Generation(1).ManifestDigest)],
            Plan(Sample.Workspace(generation: 4), Actual(Record(last: 3, previous: 2), WorkspaceState.Running),
                (Sample.Generation(1), ImageState.OnDisk), (Sample.Generation(2), ImageState.OnDisk), (Sample.Generation(3), ImageState.Complete), (Sample.Generation(4), ImageState.Open)));

    [Fact]
    public void Nothing_new_is_begun_for_a_workspace_in_the_middle_of_a_step() =>
        Assert.Empty(Plan(Sample.Workspace(), Actual(Record()) with { Busy = true }, (Sample.Generation(1), ImageState.Open)));

    [Fact]
    public void A_workspace_stopped_on_purpose_stays_so_until_asked()
    {
        var held = Actual(Record(last: 1)) with { HeldStopped = true };
        Assert.Empty(Plan(Sample.Workspace(), held, (Sample.Generation(1), ImageState.Complete)));
        Assert.NotEmpty(Plan(Sample.Workspace(), held with { Wish = Wish.Start }, (Sample.Generation(1), ImageState.Complete)));
    }

    [Fact]
    public void A_guest_that_shut_itself_down_is_started_again_from_the_prepared_generation()
    {
        var desired = Sample.Workspace(generation: 2);
        Assert.Equal([new PlanAction.Start(desired, Sample.Generation(2))],
            Plan(desired, Actual(Record(last: 1)), (Sample.Generation(1), ImageState.Complete), (Sample.Generation(2), ImageState.Complete)));
    }

    [Fact]
    public void A_refused_generation_is_neither_started_nor_fetched_and_the_one_before_is()
    {
        var desired = Sample.Workspace(generation: 2);
        var refused = Actual(Refused(Record(last: 1)));
        Assert.Equal([new PlanAction.Start(desired, Sample.Generation(1))], Plan(desired, refused, (Sample.Generation(1), ImageState.Complete)));
        Assert.Equal([new PlanAction.Start(desired, Sample.Generation(1))], Plan(desired, refused, (Sample.Generation(1), ImageState.Complete), (Sample.Generation(2), ImageState.Complete)));
    }

    [Fact]
    public void A_start_asked_where_nothing_may_start_is_answered_with_a_reason() =>
        Assert.IsType<PlanAction.Decline>(Assert.Single(Plan(Sample.Workspace(generation: 2), Actual(Refused(Record()), wish: Wish.Start), (Sample.Generation(2), ImageState.Complete))));

    [Fact]
    public void A_generation_ordered_back_to_is_opened_from_the_disk_and_its_seed_is_what_runs() =>
        Assert.Equal([new PlanAction.OpenImage(Sample.Generation(2), Sample.Generation(3).ManifestDigest)],
            Plan(Sample.Workspace(generation: 2), Actual(Record(last: 3, previous: 2), WorkspaceState.Running), (Sample.Generation(3), ImageState.Complete), (Sample.Generation(2), ImageState.OnDisk)));

    private static WorkspaceRecord Refused(WorkspaceRecord record) => record with
    {
        Life = record.Life with { Strikes = [new Strikes(Sample.Generation(2), 2, StartFailure.Silent)] },
    };

    [Fact]
    public void A_machine_gets_its_own_identity_at_the_first_start_and_keeps_it()
    {
        var first = Record().StartedFrom(Sample.Generation(1));
        Assert.Equal(first.MachineId, first.StartedFrom(Sample.Generation(2)).MachineId);
        Assert.NotEqual(first.MachineId, Record().StartedFrom(Sample.Generation(1)).MachineId);
    }

    [Fact]
    public void The_record_keeps_the_generation_to_go_back_to_over_restarts_of_the_same()
    {
        var record = Record(last: 1).StartedFrom(Sample.Generation(2)).StartedFrom(Sample.Generation(2));
        Assert.Equal((Sample.Generation(2), Sample.Generation(1), null), (record.Last, record.Life.Good, record.Base));
    }
}
