namespace Caisson.Nbd.Tests;

public sealed class MissTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task Present_data_is_answered_while_an_earlier_read_still_waits()
    {
        var device = new MemoryDevice(MemoryDevice.Random(MiB).Content) { Missing = 0..4096 };
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        client.Request(0, 1, 0, 4096);
        client.Request(0, 2, 8192, 4096);
        Assert.Equal((2ul, 0u), client.SimpleReply());
        Assert.True(device.Content.AsSpan(8192, 4096).SequenceEqual(client.Receive(4096)));
        device.Arrive();
        Assert.Equal((1ul, 0u), client.SimpleReply());
        Assert.True(device.Content.AsSpan(0, 4096).SequenceEqual(client.Receive(4096)));
    }

    [Fact]
    public async Task A_long_read_over_a_hole_and_a_missing_part_comes_whole()
    {
        var device = new MemoryDevice(MemoryDevice.Random(4 * MiB).Content) { Missing = 0..4096, Hole = MiB..(2 * MiB) };
        device.Content.AsSpan(device.Hole).Clear();
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: true);
        device.Arrive();
        Assert.True(device.Content.AsSpan().SequenceEqual(client.StructuredRead(0, 4 * MiB)));
    }

    [Fact]
    public async Task No_more_reads_wait_than_the_bound_allows_and_the_rest_follow()
    {
        var device = new MemoryDevice(MemoryDevice.Random(4 * MiB).Content) { Missing = 0..(4 * MiB) };
        await using var server = new TestServer(device, new NbdServerOptions { MaxInFlightBytes = 5 * (64 + 4) << 10 });
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        client.Send([.. Enumerable.Range(0, 20).SelectMany(i => TestClient.RequestBytes(0, (ulong)i, (ulong)i << 16, 1 << 16))]);
        await Eventually.TrueAsync(() => device.Waiting == 5, "five reads wait");
        using (var other = TestClient.Ready(server.Socket, isStructured: false))
        {
            other.Request(3, 1, 0, 0);
            Assert.Equal((1ul, 0u), other.SimpleReply());
        }

        Assert.Equal(5, device.Waiting);
        device.Arrive();
        var seen = new HashSet<ulong>();
        for (var i = 0; i < 20; i++)
        {
            var (cookie, error) = client.SimpleReply();
            Assert.Equal(0u, error);
            Assert.True(seen.Add(cookie));
            Assert.True(device.Content.AsSpan((int)cookie << 16, 1 << 16).SequenceEqual(client.Receive(1 << 16)));
        }
    }

    [Fact]
    public async Task A_single_read_above_the_bound_still_passes()
    {
        var device = new MemoryDevice(MemoryDevice.Random(2 * MiB).Content) { Missing = 0..4096 };
        await using var server = new TestServer(device, new NbdServerOptions { MaxInFlightBytes = 1 });
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        device.Arrive();
        Assert.Equal(device.Content, client.SimpleRead(0, 2 * MiB));
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_its_waiting_reads()
    {
        var device = new MemoryDevice(new byte[MiB]) { Missing = 0..MiB };
        await using var server = new TestServer(device);
        using (var client = TestClient.Ready(server.Socket, isStructured: false))
        {
            client.Request(0, 1, 0, 4096);
            await Eventually.TrueAsync(() => device.Waiting == 1, "the read waits");
        }

        await Eventually.TrueAsync(() => device.Cancelled == 1, "the read is cancelled");
    }

    [Fact]
    public async Task Disposing_the_server_ends_waiting_reads_and_clients()
    {
        var device = new MemoryDevice(new byte[MiB]) { Missing = 0..MiB };
        var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        client.Request(0, 1, 0, 4096);
        await Eventually.TrueAsync(() => device.Waiting == 1, "the read waits");
        await server.DisposeAsync();
        Assert.Equal(0, device.Waiting);
        client.ExpectClosed();
    }
}
