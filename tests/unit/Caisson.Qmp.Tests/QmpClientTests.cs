using System.Text.Json.Nodes;
using Caisson.Qmp;

namespace Caisson.Qmp.Tests;

public sealed class QmpClientTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_command_is_one_line_and_its_answer_comes_back()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var answer = client.ExecuteAsync("blockdev-del", new JsonObject { ["node-name"] = "os-base" }, Cancellation);
        Assert.Equal("""{"execute":"blockdev-del","arguments":{"node-name":"os-base"},"id":2}""", await qemu.ReadLineAsync());
        await qemu.SendLineAsync("""{"return": {"done": true}, "id": 2}""");
        Assert.True((await answer).GetProperty("done").GetBoolean());
    }

    [Fact]
    public async Task Answers_find_their_callers_in_any_order()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var first = client.ExecuteAsync("first", null, Cancellation);
        var second = client.ExecuteAsync("second", null, Cancellation);
        await qemu.SendLineAsync("""{"return": "two", "id": 3}""");
        await qemu.SendLineAsync("""{"return": "one", "id": 2}""");
        Assert.Equal("one", (await first).GetString());
        Assert.Equal("two", (await second).GetString());
    }

    [Fact]
    public async Task A_refused_command_tells_QEMUs_class_and_text()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var answer = client.ContinueAsync(Cancellation);
        await qemu.SendLineAsync("""{"id": 2, "error": {"class": "CommandNotFound", "desc": "The command is unknown"}}""");
        var refused = await Assert.ThrowsAsync<QmpException>(() => answer);
        Assert.Equal((QmpErrorClass.Refused, "CommandNotFound"), (refused.Class, refused.QemuClass));
        Assert.Contains("The command is unknown", refused.Message, StringComparison.Ordinal);
        Assert.False(client.Completion.IsCompleted);
    }

    [Fact]
    public async Task Unknown_events_come_through_between_answers()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var status = client.QueryStatusAsync(Cancellation);
        await qemu.SendLineAsync("""{"event": "NEVER_HEARD_OF", "data": {"why": "new", "flag": true}, "timestamp": {"seconds": 1, "microseconds": 2}}""");
        await qemu.SendLineAsync("""{"event": "STOP"}""");
        await qemu.SendLineAsync("""{"return": {"running": true, "status": "running"}, "id": 2}""");
        Assert.Equal("running", await status);
        await using var events = client.Events(Cancellation).GetAsyncEnumerator(Cancellation);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("NEVER_HEARD_OF", "new", true), (events.Current.Name, events.Current.Text("why"), events.Current.Flag("flag")));
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("STOP", null), (events.Current.Name, events.Current.Text("why")));
    }

    [Fact]
    public async Task A_flood_of_unread_events_keeps_the_newest_and_delays_no_answer()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var status = client.QueryStatusAsync(Cancellation);
        for (var i = 0; i < 3000; i++)
        {
            await qemu.SendLineAsync($$$"""{"event": "E{{{i}}}"}""");
        }

        await qemu.SendLineAsync("""{"return": {"status": "paused"}, "id": 2}""");
        Assert.Equal("paused", await status.WaitAsync(Deadline, Cancellation));
        qemu.Kill();
        var names = new List<string>();
        await foreach (var happened in client.Events(Cancellation))
        {
            names.Add(happened.Name);
        }

        Assert.Equal("E2999", names[^1]);
        Assert.Equal(1024, names.Count);
    }

    [Fact]
    public async Task A_killed_QEMU_fails_what_waits_and_what_comes_later()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var waiting = client.ExecuteAsync("query-status", null, Cancellation);
        await qemu.ReadLineAsync();
        qemu.Kill();
        Assert.Equal(QmpErrorClass.ConnectionLost, (await Assert.ThrowsAsync<QmpException>(() => waiting)).Class);
        Assert.Equal(QmpErrorClass.ConnectionLost, (await client.Completion.WaitAsync(Deadline, Cancellation)).Class);
        Assert.Equal(QmpErrorClass.ConnectionLost, (await Assert.ThrowsAsync<QmpException>(() => client.ContinueAsync(Cancellation))).Class);
    }

    [Fact]
    public async Task Half_a_line_at_the_end_is_no_answer()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var waiting = client.ContinueAsync(Cancellation);
        await qemu.SendAsync("""{"return": {}, "id": 2}""");
        qemu.Kill();
        Assert.Equal(QmpErrorClass.ConnectionLost, (await Assert.ThrowsAsync<QmpException>(() => waiting)).Class);
    }

    [Theory]
    [InlineData("""{"event": "\ud800"}""")]
    [InlineData("""{"\udc00": 1, "event": "STOP"}""")]
    [InlineData("""{"error": {"desc": "\ud800"}, "id": 2}""")]
    public async Task A_string_that_is_no_text_ends_the_connection_and_nobody_waits_for_ever(string line)
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var waiting = client.ContinueAsync(Cancellation);
        await qemu.SendLineAsync(line);
        Assert.Equal(QmpErrorClass.Protocol, (await Assert.ThrowsAsync<QmpException>(() => waiting.WaitAsync(Deadline, Cancellation))).Class);
        Assert.Equal(QmpErrorClass.Protocol, (await client.Completion.WaitAsync(Deadline, Cancellation)).Class);
    }

    [Fact]
    public async Task A_line_in_single_bytes_is_put_together()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var waiting = client.QueryStatusAsync(Cancellation);
        foreach (var letter in """{"return": {"status": "io-error"}, "id": 2}""" + "\n")
        {
            await qemu.SendAsync(letter.ToString());
        }

        Assert.Equal("io-error", await waiting);
    }

    [Fact]
    public async Task A_10_MB_answer_arrives_whole()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var waiting = client.ExecuteAsync("query-everything", null, Cancellation);
        await qemu.SendLineAsync("{\"return\": \"" + new string('x', 10_000_000) + "\", \"id\": 2}");
        Assert.Equal(10_000_000, (await waiting.WaitAsync(Deadline, Cancellation)).GetString()!.Length);
    }

    [Fact]
    public async Task A_line_without_end_is_cut_off_with_a_reason()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var piece = new string('x', 1 << 20);
        try
        {
            for (var i = 0; i < 20; i++)
            {
                await qemu.SendAsync(piece);
            }
        }
        catch (IOException)
        {
            // The client has hung up, as it should.
        }

        qemu.Kill();
        var reason = await client.Completion.WaitAsync(Deadline, Cancellation);
        Assert.Equal(QmpErrorClass.LineTooLong, reason.Class);
        Assert.Contains("16 MiB", reason.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("this is no JSON")]
    [InlineData("[1, 2]")]
    [InlineData("{\"return\": ")]
    [InlineData("")]
    [InlineData("{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse error\"}}")]
    public async Task Garbage_ends_the_connection_with_a_reason(string line)
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var waiting = client.ContinueAsync(Cancellation);
        await qemu.SendLineAsync(line);
        Assert.Equal(QmpErrorClass.Protocol, (await Assert.ThrowsAsync<QmpException>(() => waiting)).Class);
        Assert.Equal(QmpErrorClass.Protocol, (await client.Completion).Class);
    }

    [Theory]
    [InlineData("""{"id": 2}""")]
    [InlineData("""{"id": 2, "error": "no object"}""")]
    public async Task An_answer_without_content_fails_its_caller_only(string line)
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        var waiting = client.ContinueAsync(Cancellation);
        await qemu.SendLineAsync(line);
        Assert.Equal(QmpErrorClass.Protocol, (await Assert.ThrowsAsync<QmpException>(() => waiting)).Class);
        Assert.False(client.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_late_answer_to_a_cancelled_command_does_no_harm()
    {
        var (qemu, client) = await FakeQemu.ConnectedAsync();
        await using var _ = client;
        using var impatient = new CancellationTokenSource();
        var cancelled = client.ContinueAsync(impatient.Token);
        await qemu.ReadLineAsync();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        var next = client.QueryStatusAsync(Cancellation);
        await qemu.SendLineAsync("""{"return": {}, "id": 2}""");
        await qemu.SendLineAsync("""{"return": {"status": "running"}, "id": 3}""");
        Assert.Equal("running", await next);
    }

    [Fact]
    public async Task A_peer_that_greets_as_something_else_is_not_QEMU()
    {
        var (qemu, clientSide) = await FakeQemu.PairAsync();
        await qemu.SendLineAsync("""{"hello": "world"}""");
        var refused = await Assert.ThrowsAsync<QmpException>(() => QmpClient.OpenAsync(clientSide, Cancellation));
        Assert.Equal(QmpErrorClass.Protocol, refused.Class);
    }
}
