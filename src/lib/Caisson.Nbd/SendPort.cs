using System.Net.Sockets;

namespace Caisson.Nbd;

/// <summary>
/// The sending half of a connection. Two threads share it, so every call sends whole messages and holds the lock for as long as
/// the client takes to read them.
/// </summary>
internal sealed class SendPort(Socket socket)
{
    private readonly Lock _turn = new();

    internal void Send(ReadOnlySpan<byte> messages)
    {
        lock (_turn)
        {
            while (!messages.IsEmpty)
            {
                messages = messages[socket.Send(messages)..];
            }
        }
    }
}
