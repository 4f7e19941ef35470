namespace Caisson.Nbd;

/// <summary>Bounds that keep one client from harming the server or the others.</summary>
public sealed record NbdServerOptions
{
    /// <summary>Connections served at once; a further one is closed at once.</summary>
    public int MaxConnections { get; init; } = 16;

    /// <summary>
    /// Bytes of answers to reads that wait for <see cref="IBlockDevice.ReadAsync"/>, per connection.
    /// Reaching it stops reading further requests of that connection until some are answered.
    /// At least the largest request, 32 MiB, is always let through.
    /// </summary>
    public long MaxInFlightBytes { get; init; } = 64L << 20;

    /// <summary>How long a client may take to get through the handshake. A live connection has no such limit.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a client may leave an answer unread before its connection is closed.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Told of every exception of the device, before the client is told "input/output error". Called on the connection's threads.
    /// </summary>
    public Action<Exception>? OnDeviceFailure { get; init; }
}
