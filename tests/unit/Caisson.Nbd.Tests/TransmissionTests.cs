using System.Buffers.Binary;
using CsCheck;

namespace Caisson.Nbd.Tests;

public sealed class TransmissionTests
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Reads_of_every_size_and_alignment_return_the_devices_bytes(bool isStructured)
    {
        var device = MemoryDevice.Random(3 * MiB);
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured);
        foreach (var (offset, length) in new[] { (0, 1), (511, 513), (4096, 4096), (1, 256 << 10), (7, (256 << 10) + 1), (0, 3 * MiB), (3 * MiB - 1, 1) })
        {
            var read = isStructured ? client.StructuredRead((ulong)offset, (uint)length) : client.SimpleRead((ulong)offset, (uint)length);
            Assert.True(device.Content.AsSpan(offset, length).SequenceEqual(read), $"{length} bytes at {offset}");
        }
    }

    [Fact]
    public async Task Holes_travel_as_holes_and_read_as_zero()
    {
        var device = new MemoryDevice(MemoryDevice.Random(2 * MiB).Content) { Hole = (512 << 10)..(1536 << 10) };
        device.Content.AsSpan(device.Hole).Clear();
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: true);
        Assert.True(device.Content.AsSpan().SequenceEqual(client.StructuredRead(0, 2 * MiB)));

        client.Request(0, 5, 600 << 10, 200 << 10);
        var hole = client.Chunk();
        Assert.Equal((2, true, 12), (hole.Kind, hole.IsLast, hole.Payload.Length));

        client.Request(0, 6, 0, 2 * MiB, flags: 1 << 2);
        var whole = client.Chunk();
        Assert.Equal((1, true, (2 * MiB) + 8), (whole.Kind, whole.IsLast, whole.Payload.Length));
    }

    [Fact]
    public async Task Block_status_lists_the_runs_clipped_to_the_request()
    {
        var device = new MemoryDevice(new byte[MiB]) { Hole = 4096..8192 };
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: true);
        Assert.Equal([(4096u, 0u), (4096u, 3u), (8192u, 0u)], BlockStatus(client, 0, 16384));
        Assert.Equal([(1000u, 3u)], BlockStatus(client, 5000, 1000));
        Assert.Equal([(4096u, 0u)], BlockStatus(client, 0, 16384, flags: 1 << 3));
    }

    [Fact]
    public async Task Writes_are_read_back_and_force_unit_access_flushes()
    {
        var device = new MemoryDevice(new byte[2 * MiB]);
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        var payload = MemoryDevice.Random(MiB + 1234, seed: 2).Content;
        client.Request(1, 1, 777, (uint)payload.Length, payload: payload);
        Assert.Equal((1ul, 0u), client.SimpleReply());
        Assert.Equal(0, device.Flushes);
        Assert.True(payload.AsSpan().SequenceEqual(client.SimpleRead(777, (uint)payload.Length)));

        client.Request(1, 2, 0, 1, flags: 1, payload: [9]);
        client.SimpleReply();
        client.Request(3, 3, 0, 0);
        client.SimpleReply();
        Assert.Equal(2, device.Flushes);

        client.Request(6, 4, 777, (uint)payload.Length);
        Assert.Equal((4ul, 0u), client.SimpleReply());
        Assert.All(client.SimpleRead(777, 100), b => Assert.Equal(0, b));
        client.Request(4, 5, 0, 4096);
        Assert.Equal((5ul, 0u), client.SimpleReply());
    }

    [Theory]
    [InlineData(0, 4096ul, 1u, 0, 22u)] // read past the end
    [InlineData(0, 0ul, 4097u, 0, 22u)]
    [InlineData(0, ulong.MaxValue, 2u, 0, 22u)] // wraps
    [InlineData(0, 0ul, (32u << 20) + 1, 0, 75u)]
    [InlineData(0, 0ul, 512u, 1 << 2, 22u)] // don't-fragment without structured replies
    [InlineData(4, 4096ul, 1u, 0, 22u)]
    [InlineData(6, 4000ul, 4096u, 0, 28u)]
    [InlineData(7, 0ul, 512u, 0, 22u)] // block status without a context
    [InlineData(5, 0ul, 512u, 0, 22u)] // CACHE is not offered
    [InlineData(999, 0ul, 0u, 0, 22u)]
    [InlineData(3, 0ul, 0u, 1 << 15, 22u)]
    public async Task A_bad_request_gets_its_error_and_the_connection_goes_on(int command, ulong offset, uint length, int flags, uint error)
    {
        var device = MemoryDevice.Random(4096);
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        client.Request((ushort)command, 42, offset, length, (ushort)flags);
        Assert.Equal((42ul, error), client.SimpleReply());
        Assert.Equal(device.Content[..512], client.SimpleRead(0, 512));
    }

    [Fact]
    public async Task A_write_outside_the_device_is_refused_after_its_payload_is_taken()
    {
        var device = MemoryDevice.Random(4096);
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: true);
        client.Request(1, 1, 4000, 1000, payload: new byte[1000]);
        var refused = client.Chunk();
        Assert.Equal((0x8001, 28u), (refused.Kind, BinaryPrimitives.ReadUInt32BigEndian(refused.Payload)));
        Assert.Equal(device.Content, client.StructuredRead(0, 4096));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(6)]
    public async Task A_read_only_device_is_never_changed(int command)
    {
        var device = new MemoryDevice(MemoryDevice.Random(4096).Content, isReadOnly: true);
        var before = device.Content.ToArray();
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        client.Request((ushort)command, 1, 0, 512, payload: command == 1 ? new byte[512] : null);
        Assert.Equal((1ul, 1u), client.SimpleReply());
        Assert.Equal(before, client.SimpleRead(0, 4096));
    }

    [Fact]
    public async Task A_hundred_pipelined_requests_are_all_answered()
    {
        var device = MemoryDevice.Random(MiB);
        await using var server = new TestServer(device);
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        client.Send([.. Enumerable.Range(0, 100).SelectMany(i => TestClient.RequestBytes(0, (ulong)i, (ulong)i * 4096, 4096))]);
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(((ulong)i, 0u), client.SimpleReply());
            Assert.True(device.Content.AsSpan(i * 4096, 4096).SequenceEqual(client.Receive(4096)));
        }
    }

    [Fact]
    public async Task An_error_of_the_device_is_an_error_of_one_request_and_is_reported()
    {
        var failures = new List<Exception>();
        var device = new MemoryDevice(MemoryDevice.Random(MiB).Content) { Broken = 0..4096 };
        await using var server = new TestServer(device, new NbdServerOptions { OnDeviceFailure = failures.Add });
        using var simple = TestClient.Ready(server.Socket, isStructured: false);
        simple.Request(0, 1, 0, 512);
        Assert.Equal((1ul, 5u), simple.SimpleReply());
        Assert.Equal(512, simple.SimpleRead(8192, 512).Length);

        using var structured = TestClient.Ready(server.Socket, isStructured: true);
        structured.Request(0, 2, 0, 512 << 10);
        Assert.Equal(0x8001, structured.Chunk().Kind);
        Assert.Equal(2, failures.Count);
    }

    [Fact]
    public async Task Disconnect_closes_after_everything_asked_before_it_is_answered()
    {
        await using var server = new TestServer(MemoryDevice.Random(4096));
        using var client = TestClient.Ready(server.Socket, isStructured: false);
        client.Send([.. TestClient.RequestBytes(0, 1, 0, 512), .. TestClient.RequestBytes(2, 2, 0, 0)]);
        Assert.Equal((1ul, 0u), client.SimpleReply());
        client.Receive(512);
        client.ExpectClosed();
    }

    /// <summary>Whatever sequence of changes: the device and a plain array agree, over both kinds of replies.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Any_sequence_of_writes_zeroes_and_reads_behaves_like_an_array(bool isStructured)
    {
        const int Size = 600_000;
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, new byte[Size]);
            using var device = RawFileDevice.Open(path, isReadOnly: false);
            await using var server = new TestServer(device);
            using var client = TestClient.Ready(server.Socket, isStructured);
            var model = new byte[Size];
            Gen.Select(Gen.Int[0, 2], Gen.Int[0, Size - 1], Gen.Int[1, 400_000], Gen.Bool).Sample(
                (kind, offset, wanted, isForced) =>
                {
                    var length = Math.Min(wanted, Size - offset);
                    if (kind == 0)
                    {
                        var read = isStructured ? client.StructuredRead((ulong)offset, (uint)length) : client.SimpleRead((ulong)offset, (uint)length);
                        Assert.True(model.AsSpan(offset, length).SequenceEqual(read));
                        return;
                    }

                    var payload = kind == 1 ? MemoryDevice.Random(length, seed: offset).Content : new byte[length];
                    payload.CopyTo(model, offset);
                    client.Request((ushort)(kind == 1 ? 1 : 6), 3, (ulong)offset, (uint)length, isForced ? (ushort)1 : (ushort)0, kind == 1 ? payload : null);
                    Assert.Equal(0u, isStructured ? client.Chunk().Kind : client.SimpleReply().Error);
                },
                iter: 100,
                threads: 1);
            Assert.Equal(model, File.ReadAllBytes(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static List<(uint Length, uint Flags)> BlockStatus(TestClient client, ulong offset, uint length, ushort flags = 0)
    {
        client.Request(7, 9, offset, length, flags);
        var chunk = client.Chunk();
        Assert.Equal((5, true, 1u), (chunk.Kind, chunk.IsLast, BinaryPrimitives.ReadUInt32BigEndian(chunk.Payload)));
        return [.. chunk.Payload.Skip(4).Chunk(8).Select(d => (BinaryPrimitives.ReadUInt32BigEndian(d), BinaryPrimitives.ReadUInt32BigEndian(d.AsSpan(4))))];
    }
}
