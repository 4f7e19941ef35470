using System.Text;

namespace Caisson.Nbd.Tests;

public sealed class HandshakeTests
{
    [Fact]
    public async Task Export_name_enters_transmission_and_pads_with_zeroes_unless_the_client_waived_them()
    {
        await using var server = new TestServer(MemoryDevice.Random(4096));
        foreach (var (flags, padding) in new[] { (1u, 124), (3u, 0) })
        {
            using var client = TestClient.Greeted(server.Socket, flags);
            client.Option(1, Encoding.UTF8.GetBytes("disk"));
            Assert.Equal([0, 0, 0, 0, 0, 0, 0x10, 0], client.Receive(8));
            client.Receive(2 + padding);
            Assert.Equal(512, client.SimpleRead(0, 512).Length);
        }
    }

    [Fact]
    public async Task A_wrong_export_name_ends_the_old_option_and_is_an_error_of_the_new_one()
    {
        await using var server = new TestServer(MemoryDevice.Random(4096));
        using var old = TestClient.Greeted(server.Socket);
        old.Option(1, Encoding.UTF8.GetBytes("other"));
        old.ExpectClosed();

        using var client = TestClient.Greeted(server.Socket);
        client.Option(7, [.. TestClient.Text("other"), 0, 0]);
        Assert.Equal(0x8000_0006u, client.OptionReply().Kind);
        client.Go("");
        Assert.Equal(4096ul, client.Size);
    }

    [Fact]
    public async Task Info_describes_the_export_and_stays_in_haggling()
    {
        await using var server = new TestServer(MemoryDevice.Random(8192));
        using var client = TestClient.Greeted(server.Socket);
        client.Option(6, [.. TestClient.Text("disk"), 0, 2, 0, 1, 0, 3]);
        var replies = new List<byte[]>();
        while (client.OptionReply() is { Kind: 3 } reply)
        {
            replies.Add(reply.Data);
        }

        Assert.Equal(12, replies.Single(r => r[1] == 0).Length);
        Assert.Equal([0, 3, 0, 0, 0, 1, 0, 0, 0x10, 0, 2, 0, 0, 0], replies.Single(r => r[1] == 3));
        Assert.Equal("disk", Encoding.UTF8.GetString(replies.Single(r => r[1] == 1)[2..]));
        client.Go("disk");
    }

    [Fact]
    public async Task List_names_the_one_export_and_abort_is_acknowledged()
    {
        await using var server = new TestServer(MemoryDevice.Random(4096));
        using var client = TestClient.Greeted(server.Socket);
        client.Option(3, []);
        var listed = client.OptionReply();
        Assert.Equal((2u, "disk"), (listed.Kind, Encoding.UTF8.GetString(listed.Data[4..])));
        Assert.Equal(1u, client.OptionReply().Kind);
        client.Option(3, [1]);
        Assert.Equal(0x8000_0003u, client.OptionReply().Kind);
        client.Option(2, []);
        Assert.Equal(1u, client.OptionReply().Kind);
        client.ExpectClosed();
    }

    [Theory]
    [InlineData(4u)]
    [InlineData(5u)] // STARTTLS
    [InlineData(11u)] // EXTENDED_HEADERS
    [InlineData(0xFFFF_FFFFu)]
    public async Task An_unknown_option_is_answered_unsupported_and_skipped(uint option)
    {
        await using var server = new TestServer(MemoryDevice.Random(4096));
        using var client = TestClient.Greeted(server.Socket);
        client.Option(option, new byte[100]);
        Assert.Equal((option, 0x8000_0001u), (client.OptionReply() is var r ? r.Option : 0, r.Kind));
        client.Go("disk");
    }

    [Fact]
    public async Task An_option_too_long_is_answered_too_big_and_skipped()
    {
        await using var server = new TestServer(MemoryDevice.Random(4096));
        using var client = TestClient.Greeted(server.Socket);
        client.Option(7, new byte[300_000]);
        Assert.Equal(0x8000_0009u, client.OptionReply().Kind);
        client.Go("disk");
    }

    [Fact]
    public async Task Unknown_client_flags_end_the_connection()
    {
        await using var server = new TestServer(MemoryDevice.Random(4096));
        using var client = TestClient.Greeted(server.Socket, flags: 4);
        client.ExpectClosed();
    }

    [Fact]
    public async Task Meta_contexts_need_structured_replies_and_know_only_base_allocation()
    {
        await using var server = new TestServer(MemoryDevice.Random(4096));
        using var client = TestClient.Greeted(server.Socket);
        byte[] everything = [.. TestClient.Text("disk"), .. TestClient.BigEndian(0)];
        client.Option(9, everything);
        Assert.Equal(0x8000_0003u, client.OptionReply().Kind);
        client.Option(8, []);
        Assert.Equal(1u, client.OptionReply().Kind);

        client.Option(9, everything);
        Assert.Equal("base:allocation", Encoding.UTF8.GetString(client.OptionReply().Data[4..]));
        Assert.Equal(1u, client.OptionReply().Kind);

        client.Option(10, [.. TestClient.Text("disk"), .. TestClient.BigEndian(2), .. TestClient.Text("qemu:dirty-bitmap:x"), .. TestClient.Text("base:")]);
        Assert.Equal(1u, client.OptionReply().Kind);
        client.Option(10, [.. TestClient.Text("disk"), .. TestClient.BigEndian(9), .. TestClient.Text("base:allocation")]);
        Assert.Equal(0x8000_0003u, client.OptionReply().Kind);
    }

    [Fact]
    public async Task Flags_tell_what_the_device_can()
    {
        await using var writable = new TestServer(MemoryDevice.Random(4096));
        await using var readOnly = new TestServer(new MemoryDevice(new byte[4096], isReadOnly: true));
        using var w = TestClient.Ready(writable.Socket, isStructured: true);
        using var r = TestClient.Ready(readOnly.Socket, isStructured: false);
        Assert.Equal(0b0_1110_1101, w.TransmissionFlags);
        Assert.Equal(0b1_0000_1111, r.TransmissionFlags);
    }

    [Fact]
    public async Task A_client_that_never_finishes_the_handshake_is_closed_at_the_deadline()
    {
        await using var server = new TestServer(MemoryDevice.Random(4096), new NbdServerOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(50) });
        using var silent = TestClient.Connect(server.Socket);
        silent.ExpectClosed();
    }
}
