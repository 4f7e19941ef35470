using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Caisson.Launcher.Wayland;

/// <summary>What a compositor said: the object it concerns, the event's number, its arguments as 32-bit words.</summary>
internal readonly record struct WaylandEvent(uint Sender, int Opcode, byte[] Body)
{
    public uint Word(int index) => BinaryPrimitives.ReadUInt32LittleEndian(Body.AsSpan(4 * index));

    /// <summary>A 24.8 fixed-point number.</summary>
    public double Fixed(int index) => (int)Word(index) / 256.0;

    /// <summary>The string that begins at a word: its length with the closing zero, then its bytes.</summary>
    public string Text(int index) => Encoding.UTF8.GetString(Body, (4 * index) + 4, Math.Max(0, (int)Word(index) - 1));
}

/// <summary>
/// A connection to a compositor, by the wire format of wayland.freedesktop.org: little of it is needed, and no library then stands between. Requests
/// may come from any thread; one thread reads. Descriptors the compositor sends (keymaps) are not asked for, so the kernel closes them.
/// </summary>
internal sealed class WaylandConnection : IDisposable
{
    public const uint Display = 1;
    public const uint Registry = 2;

    private const int MostBytes = 65535;
    private const int DisplayError = 0;
    private const int DisplayDeleteId = 1;

    private readonly Socket socket;
    private readonly Lock gate = new();
    private readonly Stack<uint> freeIds = new();
    private readonly byte[] incoming = new byte[2 * MostBytes];
    private int begin;
    private int end;
    private uint lastId = Registry;

    private WaylandConnection(Socket socket) => this.socket = socket;

    /// <summary>The socket $WAYLAND_DISPLAY names.</summary>
    public static string DefaultSocket() => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") ?? "/run", Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") ?? "wayland-1");

    public static WaylandConnection Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            var connection = new WaylandConnection(socket);
            connection.Send(Display, 1, Registry); // get_registry
            return connection;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public uint NewId()
    {
        lock (gate)
        {
            return freeIds.TryPop(out var free) ? free : ++lastId;
        }
    }

    public void Send(uint target, int opcode, params ReadOnlySpan<WaylandArgument> arguments)
    {
        var message = WaylandMessage.Encode(target, opcode, arguments);
        lock (gate)
        {
            for (var sent = 0; sent < message.Length;)
            {
                sent += socket.Send(message.AsSpan(sent));
            }
        }
    }

    /// <summary>The same with a descriptor, as the request wants one.</summary>
    public void SendWithFile(uint target, int opcode, SafeFileHandle file, params ReadOnlySpan<WaylandArgument> arguments)
    {
        var message = WaylandMessage.Encode(target, opcode, arguments);
        lock (gate)
        {
            FileSending.Send(socket, message, file);
        }
    }

    /// <summary>Waits for the next event; null at the compositor's end.</summary>
    /// <exception cref="WaylandException">The compositor found a request wrong, or its bytes are no events.</exception>
    public WaylandEvent? Receive()
    {
        while (true)
        {
            if (WaylandMessage.TryDecode(incoming.AsSpan(begin, end - begin), out var said, out var length))
            {
                begin += length;
                if (said.Sender != Display)
                {
                    return said;
                }

                Hear(said);
                continue;
            }

            incoming.AsSpan(begin, end - begin).CopyTo(incoming);
            (begin, end) = (0, end - begin);
            var count = socket.Receive(incoming.AsSpan(end));
            if (count == 0)
            {
                return null;
            }

            end += count;
        }
    }

    public void Dispose() => socket.Dispose();

    private void Hear(WaylandEvent said)
    {
        switch (said.Opcode)
        {
            case DisplayError:
                throw new WaylandException($"The compositor refused a request to object {said.Word(0)} (code {said.Word(1)}): {said.Text(2)}.");
            case DisplayDeleteId:
                lock (gate)
                {
                    freeIds.Push(said.Word(0));
                }

                break;
            default:
                break;
        }
    }
}

internal sealed class WaylandException(string message) : Exception(message);
