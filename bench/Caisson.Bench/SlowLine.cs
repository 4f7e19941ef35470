using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Caisson.Bench;

/// <summary>
/// A long line between two hosts: passes TCP on, every byte half the round trip later in either direction. The rate is the kernel's to limit (tbf);
/// its own delay (netem) is missing in many kernels.
/// </summary>
internal sealed class SlowLine(IPEndPoint target, TimeSpan roundTrip, TimeProvider time)
{
    /// <summary>More than any line here holds in flight: 100 Mbit/s for a third of a second.</summary>
    private const int PiecesInFlight = 256;

    private const int Piece = 16 << 10;

    public static async Task RunAsync(IPEndPoint listen, IPEndPoint target, TimeSpan roundTrip)
    {
        using var listener = new TcpListener(listen);
        listener.Start();
        var line = new SlowLine(target, roundTrip, TimeProvider.System);
        while (true)
        {
            _ = line.JoinAsync(await listener.AcceptSocketAsync());
        }
    }

    private async Task JoinAsync(Socket near)
    {
        using var far = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        using (near)
        {
            try
            {
                await far.ConnectAsync(target);
                near.NoDelay = far.NoDelay = true;
                await Task.WhenAny(PassAsync(near, far), PassAsync(far, near));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // One side is gone; so is the connection.
            }
        }
    }

    private async Task PassAsync(Socket from, Socket to)
    {
        var flying = Channel.CreateBounded<(long Left, byte[] Bytes)>(PiecesInFlight);
        var arriving = ArriveAsync(flying.Reader, to);
        var buffer = new byte[Piece];
        for (int got; (got = await from.ReceiveAsync(buffer)) > 0;)
        {
            await flying.Writer.WriteAsync((time.GetTimestamp(), buffer[..got]));
        }

        flying.Writer.Complete();
        await arriving;
    }

    private async Task ArriveAsync(ChannelReader<(long Left, byte[] Bytes)> flying, Socket to)
    {
        await foreach (var (left, bytes) in flying.ReadAllAsync())
        {
            var wait = (roundTrip / 2) - time.GetElapsedTime(left);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time);
            }

            await to.SendAsync(bytes);
        }
    }
}
