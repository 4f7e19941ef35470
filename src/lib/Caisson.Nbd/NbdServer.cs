using System.Net.Sockets;
using System.Text;

namespace Caisson.Nbd;

/// <summary>
/// Serves one <see cref="IBlockDevice"/> over the NBD protocol on a Unix socket: fixed newstyle handshake, simple and structured
/// replies, block status. Source of the format: github.com/NetworkBlockDevice/nbd, doc/proto.md. No TLS: the permissions of the
/// socket's folder decide who may connect.
/// </summary>
public sealed class NbdServer : IAsyncDisposable
{
    /// <summary>sun_path of unix(7) holds 108 bytes with its ending zero.</summary>
    private const int MaxPathBytes = 107;

    private readonly Socket _listener;
    private readonly string _exportName;
    private readonly IBlockDevice _device;
    private readonly NbdServerOptions _options;
    private readonly HashSet<NbdConnection> _connections = [];
    private readonly Task _accepting;
    private bool _isClosing;

    private NbdServer(string socketPath, Socket listener, string exportName, IBlockDevice device, NbdServerOptions options)
    {
        SocketPath = socketPath;
        _listener = listener;
        _exportName = exportName;
        _device = device;
        _options = options;
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public string SocketPath { get; }

    /// <summary>
    /// Starts serving. A socket file left by a dead server is removed; anything else at that path is refused.
    /// The server does not own the device, which must stay alive until <see cref="DisposeAsync"/> has returned.
    /// </summary>
    /// <param name="socketPath">At most 107 bytes; its folder exists.</param>
    /// <param name="exportName">Clients may also ask for the empty name. At most 4096 bytes of UTF-8.</param>
    /// <exception cref="IOException">Something else is at that path, or the socket cannot be made.</exception>
    public static NbdServer Listen(string socketPath, string exportName, IBlockDevice device, NbdServerOptions options)
    {
        if (Encoding.UTF8.GetByteCount(socketPath) > MaxPathBytes)
        {
            throw new IOException($"The socket path '{socketPath}' is longer than the {MaxPathBytes} bytes Linux allows. Use a shorter run folder.");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(Encoding.UTF8.GetByteCount(exportName), Wire.MaxString, nameof(exportName));
        var endpoint = new UnixDomainSocketEndPoint(socketPath);
        RemoveStale(socketPath, endpoint);
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(endpoint);
            listener.Listen(options.MaxConnections);
            return new NbdServer(socketPath, listener, exportName, device, options);
        }
        catch (SocketException e)
        {
            listener.Dispose();
            throw new IOException($"The socket '{socketPath}' cannot be made: {e.Message}. Check that its folder exists and may be written.", e);
        }
    }

    /// <summary>Stops listening, ends every connection and waits until nothing of them uses the device any more.</summary>
    public async ValueTask DisposeAsync()
    {
        NbdConnection[] open;
        lock (_connections)
        {
            _isClosing = true;
            open = [.. _connections];
        }

        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        foreach (var connection in open)
        {
            connection.Dispose();
        }

        await Task.WhenAll(open.Select(c => c.Ended)).ConfigureAwait(false);
        File.Delete(SocketPath);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                lock (_connections)
                {
                    if (_isClosing)
                    {
                        return;
                    }
                }

                await Task.Delay(100).ConfigureAwait(false); // Out of file descriptors, say: some will come back.
                continue;
            }

            Admit(client);
        }
    }

    private void Admit(Socket client)
    {
        lock (_connections)
        {
            if (_isClosing || _connections.Count >= _options.MaxConnections)
            {
                client.Dispose();
                return;
            }

            var connection = NbdConnection.Start(client, _exportName, _device, _options);
            _connections.Add(connection);
            _ = ForgetAsync(connection);
        }
    }

    private async Task ForgetAsync(NbdConnection connection)
    {
        await connection.Ended.ConfigureAwait(false);
        lock (_connections)
        {
            _connections.Remove(connection);
        }
    }

    private static void RemoveStale(string path, UnixDomainSocketEndPoint endpoint)
    {
        if (!Path.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endpoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(path))
        {
            File.Delete(path);
            return;
        }
        catch (SocketException e)
        {
            // Not a socket, or not ours to touch.
            throw new IOException($"'{path}' exists and is not a socket that a dead server left behind. Remove it or use another run folder.", e);
        }

        throw new IOException($"Another process serves '{path}'. Stop it or use another run folder.");
    }

    /// <summary>open(2) fails on a socket and on nothing else that can be here and refuse a connection.</summary>
    private static bool IsSocket(string path)
    {
        try
        {
            using var file = File.OpenHandle(path);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
