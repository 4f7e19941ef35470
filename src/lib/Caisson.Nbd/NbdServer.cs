namespace Caisson.Nbd;

/// <summary>Serves one <see cref="IBlockDevice"/> over the NBD protocol on a Unix socket.</summary>
public sealed class NbdServer : IAsyncDisposable
{
    private NbdServer(string socketPath) => SocketPath = socketPath;

    /// <summary>Where clients connect.</summary>
    public string SocketPath { get; }

    /// <summary>
    /// Starts serving. A socket file left by a dead server is removed; anything else at that path is refused.
    /// The server does not own the device.
    /// </summary>
    public static NbdServer Listen(string socketPath, string exportName, IBlockDevice device, NbdServerOptions options) => new(socketPath);

    /// <summary>Closes the socket, ends every connection and waits for their threads.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
