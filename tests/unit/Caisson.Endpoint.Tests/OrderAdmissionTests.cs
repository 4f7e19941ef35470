using Caisson.Endpoint.Orders;
using Caisson.Protocol;
using CsCheck;

namespace Caisson.Endpoint.Tests;

public sealed class OrderAdmissionTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly IReadOnlySet<string> Nothing = new HashSet<string>(StringComparer.Ordinal);

    private static Order Order(OrderKind kind, int seconds = 60, string id = "o-1") =>
        new() { Id = id, Kind = kind, Workspace = new("w"), Stream = "s-1", ExpiresAt = Now.AddSeconds(seconds) };

    [Fact]
    public void No_order_ever_shows_a_personal_workspace()
    {
        // Kinds beyond the known ones stand for orders a later server may invent, files among them.
        Gen.Select(Gen.Int[-3, 40], Gen.Int[-100_000, 100_000], Gen.String, Gen.String.Null()).Sample((kind, seconds, id, stream) =>
        {
            var order = new Order { Id = id, Kind = (OrderKind)kind, Workspace = new("w"), Stream = stream, ExpiresAt = Now.AddSeconds(seconds) };
            var admitted = OrderAdmission.Decide(order, WorkspaceKind.Personal, Nothing, Now) is OrderDecision.Admit;
            Assert.False(admitted && order.Kind is not (OrderKind.Start or OrderKind.Stop or OrderKind.Restart));
        });
    }

    [Fact]
    public void No_expired_or_repeated_order_is_ever_admitted()
    {
        Gen.Select(Gen.Enum<OrderKind>(), Gen.Enum<WorkspaceKind>(), Gen.Int[-100_000, 0], Gen.Bool).Sample((kind, workspace, seconds, repeated) =>
        {
            var seen = repeated ? new HashSet<string>(StringComparer.Ordinal) { "o-1" } : Nothing;
            var order = Order(kind, repeated ? 60 : seconds);
            Assert.IsNotType<OrderDecision.Admit>(OrderAdmission.Decide(order, workspace, seen, Now));
        });
    }

    [Theory]
    [InlineData(OrderKind.Display)]
    [InlineData(OrderKind.Screenshot)]
    [InlineData(OrderKind.Start)]
    [InlineData(OrderKind.Stop)]
    [InlineData(OrderKind.Restart)]
    [InlineData(OrderKind.Suspend)]
    public void A_fresh_order_for_a_managed_workspace_is_admitted(OrderKind kind) =>
        Assert.IsType<OrderDecision.Admit>(OrderAdmission.Decide(Order(kind), WorkspaceKind.Managed, Nothing, Now));

    [Fact]
    public void An_order_for_years_ahead_is_refused() =>
        Assert.IsType<OrderDecision.Refuse>(OrderAdmission.Decide(Order(OrderKind.Stop, 86_400 * 365), WorkspaceKind.Managed, Nothing, Now));

    [Fact]
    public void An_order_for_a_workspace_this_pc_does_not_have_is_refused() =>
        Assert.IsType<OrderDecision.Refuse>(OrderAdmission.Decide(Order(OrderKind.Start), null, Nothing, Now));

    [Theory]
    [InlineData("")]
    [InlineData("../report")]
    [InlineData("a b")]
    public void A_stream_name_that_could_be_another_address_is_refused(string stream) =>
        Assert.IsType<OrderDecision.Refuse>(OrderAdmission.Decide(Order(OrderKind.Display) with { Stream = stream }, WorkspaceKind.Managed, Nothing, Now));

    [Fact]
    public void A_result_is_reported_until_confirmed_and_an_id_is_remembered_over_a_restart()
    {
        using var folder = new TestFolder();
        var paths = new EndpointPaths(folder.Path);
        var ledger = new OrderLedger(paths);
        ledger.Begin("a");
        ledger.End("a", OrderOutcome.Done, null);
        ledger.Begin("b"); // caissond is killed here.

        var after = new OrderLedger(paths);
        Assert.Contains("a", after.Seen);
        Assert.Equal([("a", OrderOutcome.Done), ("b", OrderOutcome.Failed)], after.Unreported.Select(r => (r.Id, r.Outcome)));
        after.Confirm(after.Unreported);
        Assert.Empty(new OrderLedger(paths).Unreported);
        Assert.Contains("b", new OrderLedger(paths).Seen);
    }

    [Fact]
    public void An_order_whose_id_cannot_be_written_is_not_seen_and_a_result_that_cannot_is_reported_all_the_same()
    {
        using var folder = new TestFolder();
        var paths = new EndpointPaths(folder.Path);
        var ledger = new OrderLedger(paths);
        ledger.Begin("a");
        File.Delete(paths.SeenOrders);
        Directory.CreateDirectory(Path.Combine(paths.SeenOrders, "in-the-way")); // Stands for a full disk: every write fails.

        Assert.Throws<IOException>(() => ledger.Begin("b"));
        Assert.DoesNotContain("b", ledger.Seen);
        Assert.Throws<IOException>(() => ledger.End("a", OrderOutcome.Done, null));
        Assert.Equal(["a"], ledger.Unreported.Select(r => r.Id));
    }

    [Fact]
    public void More_results_than_a_report_carries_go_in_several()
    {
        using var folder = new TestFolder();
        var ledger = new OrderLedger(new EndpointPaths(folder.Path));
        string[] ids = [.. Enumerable.Range(0, 150).Select(i => $"o-{i}")];
        Array.ForEach(ids, id => ledger.End(id, OrderOutcome.Refused, null));
        var reported = new List<string>();
        while (ledger.Unreported is { Count: > 0 } some)
        {
            Assert.InRange(some.Count, 1, 64);
            reported.AddRange(some.Select(r => r.Id));
            ledger.Confirm(some);
        }

        Assert.Equal(ids, reported);
    }
}
