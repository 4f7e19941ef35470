using CsCheck;

namespace Caisson.Nbd.Tests;

/// <summary>Whatever one client does, another one reads the right bytes.</summary>
public sealed class HostileClientTests
{
    private const int MiB = 1 << 20;

    [Fact]
    public async Task Garbage_in_the_handshake_harms_nobody_else()
    {
        var device = MemoryDevice.Random(MiB);
        await using var server = new TestServer(device);
        Gen.Byte.Array[0, 200].Sample(garbage => Attack(server, device, c => c.Send(garbage)), iter: 200, threads: 1);
    }

    [Fact]
    public async Task Garbage_options_harm_nobody_else()
    {
        var device = MemoryDevice.Random(MiB);
        await using var server = new TestServer(device);
        var options = Gen.Select(Gen.OneOf(Gen.UInt[0, 12], Gen.UInt), Gen.Byte.Array[0, 64]).Array[1, 6];
        options.Sample(
            list => Attack(server, device, c =>
            {
                foreach (var (option, data) in list)
                {
                    c.Option(option, data);
                }
            }),
            iter: 200,
            threads: 1);
    }

    [Fact]
    public async Task Garbage_requests_harm_nobody_else()
    {
        var device = new MemoryDevice(MemoryDevice.Random(MiB).Content, isReadOnly: true) { Hole = 0..8192 };
        device.Content.AsSpan(0, 8192).Clear();
        await using var server = new TestServer(device);
        var command = Gen.OneOf(Gen.UShort[0, 9], Gen.UShort);
        var offset = Gen.OneOf(Gen.ULong[0, MiB], Gen.ULong);
        var length = Gen.OneOf(Gen.UInt[0, MiB], Gen.UInt);
        var flags = Gen.OneOf(Gen.Const((ushort)0), Gen.UShort[0, 15], Gen.UShort);
        var requests = Gen.Select(command, offset, length, flags).Array[1, 20];
        Gen.Select(requests, Gen.Bool).Sample(
            (list, isStructured) => Attack(server, device, isStructured, list),
            iter: 150,
            threads: 1);
    }

    [Fact]
    public async Task A_client_that_never_reads_its_answers_holds_up_nobody_else()
    {
        var device = new MemoryDevice(MemoryDevice.Random(8 * MiB).Content) { Missing = (4 * MiB)..(5 * MiB) };
        var server = new TestServer(device);
        using var deaf = TestClient.Ready(server.Socket, isStructured: false);
        for (var i = 0; i < 64; i++)
        {
            deaf.Request(0, (ulong)i, (ulong)(i % 8) * MiB, MiB); // hits and misses, far more than a socket holds
        }

        device.Arrive();
        ExpectService(server, device);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task A_write_that_announces_much_and_sends_little_holds_up_nobody_else()
    {
        var device = MemoryDevice.Random(64 * MiB);
        await using var server = new TestServer(device);
        using var slow = TestClient.Ready(server.Socket, isStructured: false);
        slow.Request(1, 1, 0, 32 * MiB, payload: device.Content[..100]);
        using var greedy = TestClient.Ready(server.Socket, isStructured: false);
        greedy.Request(1, 1, 0, uint.MaxValue);
        greedy.ExpectClosed();
        ExpectService(server, device);
    }

    [Fact]
    public async Task One_connection_too_many_is_closed_and_a_place_that_becomes_free_is_given_again()
    {
        var device = MemoryDevice.Random(MiB);
        await using var server = new TestServer(device, new NbdServerOptions { MaxConnections = 2 });
        using var first = TestClient.Ready(server.Socket, isStructured: false);
        using (var second = TestClient.Ready(server.Socket, isStructured: false))
        {
            using var third = TestClient.Connect(server.Socket);
            third.ExpectClosed();
            Assert.Equal(512, first.SimpleRead(0, 512).Length);
            second.Request(2, 0, 0, 0);
            second.ExpectClosed();
        }

        await Eventually.TrueAsync(() => CanConnect(server), "a place is free again");
    }

    private static bool CanConnect(TestServer server)
    {
        try
        {
            using var client = TestClient.Ready(server.Socket, isStructured: false);
            return client.SimpleRead(0, 512).Length == 512;
        }
        catch (Exception e) when (e is Xunit.Sdk.TrueException or System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private static void Attack(TestServer server, MemoryDevice device, Action<TestClient> attack)
    {
        using (var client = TestClient.Greeted(server.Socket))
        {
            IgnoringABrokenPipe(() => attack(client));
        }

        ExpectService(server, device);
    }

    private static void Attack(TestServer server, MemoryDevice device, bool isStructured, (ushort Command, ulong Offset, uint Length, ushort Flags)[] requests)
    {
        using (var client = TestClient.Ready(server.Socket, isStructured))
        {
            IgnoringABrokenPipe(() =>
            {
                foreach (var r in requests)
                {
                    client.Request(r.Command, 1, r.Offset, r.Length, r.Flags);
                }
            });
        }

        ExpectService(server, device);
    }

    private static void IgnoringABrokenPipe(Action attack)
    {
        try
        {
            attack();
        }
        catch (System.Net.Sockets.SocketException)
        {
            // The server had enough of this client: as it should.
        }
    }

    private static void ExpectService(TestServer server, MemoryDevice device)
    {
        using var honest = TestClient.Ready(server.Socket, isStructured: true);
        Assert.True(device.Content.AsSpan(0, 64 << 10).SequenceEqual(honest.StructuredRead(0, 64 << 10)));
    }
}
