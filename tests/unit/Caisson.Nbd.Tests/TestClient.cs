using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Caisson.Nbd.Tests;

/// <summary>A client that says exactly what a test wants, right or wrong. Every wait has a deadline.</summary>
internal sealed class TestClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };

    private TestClient(string path) => _socket.Connect(new UnixDomainSocketEndPoint(path));

    internal ulong Size { get; private set; }

    internal ushort TransmissionFlags { get; private set; }

    internal static TestClient Connect(string path) => new(path);

    /// <summary>Past the greeting, ready for options.</summary>
    internal static TestClient Greeted(string path, uint flags = 3)
    {
        var client = new TestClient(path);
        var greeting = client.Receive(18);
        Assert.Equal("NBDMAGICIHAVEOPT", Encoding.ASCII.GetString(greeting[..16]));
        Assert.Equal(3, greeting[17]);
        client.Send(BigEndian(flags));
        return client;
    }

    /// <summary>In the transmission phase, with or without structured replies and base:allocation.</summary>
    internal static TestClient Ready(string path, bool isStructured)
    {
        var client = Greeted(path);
        if (isStructured)
        {
            client.Option(8, []);
            Assert.Equal(1u, client.OptionReply().Kind);
            client.Option(10, [.. Text("disk"), .. BigEndian(1), .. Text("base:allocation")]);
            Assert.Equal(4u, client.OptionReply().Kind);
            Assert.Equal(1u, client.OptionReply().Kind);
        }

        client.Go("disk");
        return client;
    }

    internal void Go(string name)
    {
        Option(7, [.. Text(name), 0, 0]);
        while (OptionReply() is var reply && reply.Kind != 1)
        {
            Assert.Equal(3u, reply.Kind);
            if (reply.Data[1] == 0)
            {
                Size = BinaryPrimitives.ReadUInt64BigEndian(reply.Data.AsSpan(2));
                TransmissionFlags = BinaryPrimitives.ReadUInt16BigEndian(reply.Data.AsSpan(10));
            }
        }
    }

    internal void Option(uint option, byte[] data) => Send([.. "IHAVEOPT"u8, .. BigEndian(option), .. BigEndian((uint)data.Length), .. data]);

    internal (uint Option, uint Kind, byte[] Data) OptionReply()
    {
        var head = Receive(20);
        Assert.Equal(0x3e889045565a9ul, BinaryPrimitives.ReadUInt64BigEndian(head));
        var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(16));
        return (BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(8)), BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(12)), Receive(length));
    }

    internal void Request(ushort command, ulong cookie, ulong offset, uint length, ushort flags = 0, byte[]? payload = null) =>
        Send(RequestBytes(command, cookie, offset, length, flags, payload));

    internal static byte[] RequestBytes(ushort command, ulong cookie, ulong offset, uint length, ushort flags = 0, byte[]? payload = null)
    {
        var head = new byte[28];
        BinaryPrimitives.WriteUInt32BigEndian(head, 0x25609513);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(4), flags);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(6), command);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(8), cookie);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(16), offset);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(24), length);
        return [.. head, .. payload ?? []];
    }

    internal (ulong Cookie, uint Error) SimpleReply()
    {
        var head = Receive(16);
        Assert.Equal(0x67446698u, BinaryPrimitives.ReadUInt32BigEndian(head));
        return (BinaryPrimitives.ReadUInt64BigEndian(head.AsSpan(8)), BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4)));
    }

    internal Chunk Chunk()
    {
        var head = Receive(20);
        Assert.Equal(0x668e33efu, BinaryPrimitives.ReadUInt32BigEndian(head));
        return new Chunk(
            IsLast: (head[5] & 1) == 1,
            Kind: BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(6)),
            Cookie: BinaryPrimitives.ReadUInt64BigEndian(head.AsSpan(8)),
            Payload: Receive(BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(16))));
    }

    /// <summary>All chunks of one structured read, put together; checks that they are in bounds and cover everything.</summary>
    internal byte[] StructuredRead(ulong offset, uint length, ushort flags = 0)
    {
        Request(0, 77, offset, length, flags);
        var result = new byte[length];
        var covered = 0L;
        Chunk chunk;
        do
        {
            chunk = Chunk();
            Assert.Equal(77ul, chunk.Cookie);
            var at = (int)(BinaryPrimitives.ReadUInt64BigEndian(chunk.Payload) - offset);
            if (chunk.Kind == 1)
            {
                chunk.Payload.AsSpan(8).CopyTo(result.AsSpan(at));
                covered += chunk.Payload.Length - 8;
            }
            else
            {
                Assert.Equal(2, chunk.Kind);
                covered += BinaryPrimitives.ReadUInt32BigEndian(chunk.Payload.AsSpan(8));
            }
        }
        while (!chunk.IsLast);
        Assert.Equal(length, covered);
        return result;
    }

    internal byte[] SimpleRead(ulong offset, uint length)
    {
        Request(0, 78, offset, length);
        Assert.Equal((78ul, 0u), SimpleReply());
        return Receive((int)length);
    }

    internal void Send(byte[] bytes) => _socket.Send(bytes);

    internal byte[] Receive(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var received = _socket.Receive(bytes.AsSpan(done));
            Assert.True(received > 0, $"The server closed the connection after {done} of {count} bytes.");
            done += received;
        }

        return bytes;
    }

    /// <summary>Reads until the server closes; the deadline of the socket makes a server that does not close fail the test.</summary>
    internal void ExpectClosed()
    {
        try
        {
            while (_socket.Receive(new byte[4096]) > 0)
            {
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
        }
    }

    internal static byte[] BigEndian(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    internal static byte[] Text(string text) => [.. BigEndian((uint)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    public void Dispose() => _socket.Dispose();
}

internal sealed record Chunk(bool IsLast, ushort Kind, ulong Cookie, byte[] Payload);
